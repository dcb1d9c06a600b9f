--- What is locked is refused, and comes back as it was.
local hex = require "hex"

local wallet = hex"F063617264770101"

return {
  summary = "A locked applet cannot be selected; unlocked, it has what it had",
  tags = { "lock" },
  flavors = { "*" },
  needs = { keys = { "isd" }, card = { "content management", "fresh" } },
  given = { flows = {
    { "demo/install", { cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" } } },
  } },

  run = function(t)
    t:run("demo/lock", { aid = wallet })
    t:registry { [wallet] = { locked = true } }
    t:raises({ kind = "card" }, function() t.card:select(wallet) end)

    t:run("demo/unlock", { aid = wallet })
    t:registry { [wallet] = { state = "SELECTABLE" } }
    t:stored(wallet, 0x0102, "4711")
  end,
}
