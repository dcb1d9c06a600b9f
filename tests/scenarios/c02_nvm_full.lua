--- The memory is full in the middle of an installation; with room again, the flow goes on from there.
local fault = require "cw.fault"

local args = { cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" } }

return {
  summary = "A full card says 6A84 and keeps what it had; with room again, the installation comes to its end",
  tags = { "faults", "install" },
  flavors = { "*" },
  needs = { card = { "content management", "simulated" } },

  run = function(t)
    local used = t:nvm_used()
    t:fault(fault.nvm_full(used + 2000))
    t:fails("demo/install", args, { kind = "card", sw = 0x6A84 })
    t:clear_faults()
    t:run("demo/install", args)
  end,
}
