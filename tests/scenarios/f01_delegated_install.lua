--- Delegated management with tokens made in custody and receipts checked, and the same wherever it is torn.
local hex = require "hex"

local wallet, domain = hex"F063617264770101", hex"F063617264770001"
local args = { cap = { file = "../caps/wallet-1.0.cap" } }

return {
  summary = "demo/delegated loads and installs by token, and the card's receipts are right",
  tags = { "delegated" },
  needs = { keys = { "isd", "demo.sd", "demo.token", "demo.receipt" }, card = { "content management", "simulated" } },
  seconds = 120,

  run = function(t)
    t:converges("demo/delegated", args)
    local done = t:run("demo/delegated", args)
    local receipts = done.outputs.delegated.receipts
    t:equal(#receipts, 2)
    t:equal(receipts[2].counter, receipts[1].counter + 1)
    t:registry { [wallet] = { kind = "app", state = "SELECTABLE", sd = domain } }
    local named = 0
    for _, command in ipairs(done.commands) do
      if command.sent:find("<token demo.token>", 1, true) then named = named + 1 end
    end
    t:equal(named, 2, "commands that name the token's key, and show no token")
  end,
}
