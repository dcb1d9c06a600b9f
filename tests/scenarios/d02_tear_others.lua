--- The flows that need an installed applet, torn at every command.
local hex = require "hex"

local wallet = hex"F063617264770101"
local cap = { file = "../caps/wallet-1.0.cap" }

return {
  summary = "demo/lock, demo/unlock, demo/rotate-keys and demo/remove end up the same, wherever torn",
  tags = { "tear" },
  flavors = { "*" },
  needs = { card = { "content management", "simulated" } },
  given = { flows = { { "demo/install", { cap = cap, holder = { secret = "Ada Lovelace" } } } } },
  seconds = 300,

  run = function(t)
    t:converges("demo/rotate-keys", { old = "demo.sd", new = "demo.sd2" })
    t:converges("demo/rotate-keys", { old = "demo.sd", new = "demo.sd2", version = 0x30 })
    t:converges("demo/lock", { aid = wallet })
    t:run("demo/lock", { aid = wallet })
    t:converges("demo/unlock", { aid = wallet })
    t:run("demo/unlock", { aid = wallet })
    t:converges("demo/remove", { cap = cap })
  end,
}
