--- A flow is run on a card, and the card is looked at.
local hex = require "hex"

local wallet, domain = hex"F063617264770101", hex"F063617264770001"

return {
  summary = "demo/install leaves a domain with keys of its own, a load file and a personalized applet",
  tags = { "install" },
  flavors = { "*" },
  needs = { keys = { "isd", "demo.sd" }, card = { "content management", "fresh" } },

  run = function(t)
    local done = t:run("demo/install", {
      cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" }, number = "4711",
    })
    t:equal(done.attempts, 1)
    for _, step in ipairs { "domain", "domain keys", "load file", "applet", "personalization" } do
      t:step(done, step, "end")
    end
    t:equal(done.outputs.installed.version, "1.0")

    t:registry {
      [domain] = { kind = "sd", state = "PERSONALIZED" },
      [wallet] = { kind = "app", state = "SELECTABLE", sd = domain },
    }
    t:keys(domain, { [0x30] = 3 })
    t:opens(domain, "demo.sd")
    t:stored(wallet, 0x0102, "4711")
  end,
}
