--- A domain by itself: created and keyed, filled by extradition, and looked at.
local hex = require "hex"

local second, wallet = hex"F063617264770002", hex"F063617264770101"

return {
  summary = "sd/create, sd/extradite and sd/inventory, torn anywhere and run twice",
  tags = { "domains" },
  needs = { keys = { "isd", "demo.sd" }, card = { "content management", "simulated", "fresh" } },
  seconds = 120,

  run = function(t)
    local domain = t.flavor.ssd_aid
    t:converges("sd/create", {})
    t:run("sd/create", {})
    t:registry { [domain] = { kind = "sd", state = "PERSONALIZED" } }
    t:opens(domain, "demo.sd")
    t:unchanged(function() t:run("sd/create", {}) end)

    t:run("demo/install", { cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" } })
    t:run("sd/create", { domain = second, management = "authorized" })
    t:converges("sd/extradite", { aid = wallet, to = second })
    t:run("sd/extradite", { aid = wallet, to = second })
    t:registry { [wallet] = { sd = second } }
    t:unchanged(function() t:run("sd/extradite", { aid = wallet, to = second }) end)
    t:run("sd/extradite", { aid = wallet, to = domain })
    t:registry { [wallet] = { sd = domain } }
    t:fails("sd/extradite", { aid = wallet, to = wallet }, { kind = "card", message = "no security domain" })
    local nobody = { aid = hex"F0636172647701AA", to = second }
    t:fails("sd/extradite", nobody, { kind = "card", message = "the card has no" })

    t:unchanged(function() t:run("sd/inventory", { isd_keys = "isd" }) end)
    t:run("sd/inventory", {})
  end,
}
