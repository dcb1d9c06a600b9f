--- A provider manages the applications of its own domain, without any key of the issuer.
local hex = require "hex"

local wallet, domain = hex"F063617264770101", hex"F063617264770001"
local cap = { file = "../caps/wallet-1.0.cap" }
local personal = { aid = wallet, group = "0101", value = { secret = "Ada Lovelace" }, shows = "0102", mark = "4711" }

return {
  summary = "Load, install, personalize, lock, unlock, update and delete by authorized management, torn anywhere",
  tags = { "provider" },
  needs = { keys = { "isd", "demo.sd" }, card = { "content management", "simulated", "fresh" } },
  given = { flows = { { "_parts/provider.lua", {} } } },
  seconds = 120,

  run = function(t)
    t:converges("app/install", { cap = cap })
    t:run("app/install", { cap = cap })
    t:registry { [wallet] = { kind = "app", state = "SELECTABLE", sd = domain } }
    t:run("app/query", {})

    t:run("app/personalize", personal)
    t:stored(wallet, 0x0102, "4711")
    t:unchanged(function() t:run("app/personalize", personal) end)

    t:run("app/lock", { aid = wallet })
    t:registry { [wallet] = { locked = true } }
    t:run("app/unlock", { aid = wallet })
    t:registry { [wallet] = { state = "SELECTABLE" } }

    local newer = { cap = { file = "../caps/wallet-1.1-debug.cap" } }
    t:fails("app/install", newer, { kind = "card", message = "app/update" })
    t:run("app/update", newer)
    t:registry { [wallet] = { kind = "app", state = "SELECTABLE", sd = domain } }

    t:converges("app/delete", { aid = wallet })
    t:run("app/delete", { aid = wallet })
    t:registry { [wallet] = false, [hex"F0636172647701"] = false }
    t:unchanged(function() t:run("app/delete", { aid = wallet }) end)
  end,
}
