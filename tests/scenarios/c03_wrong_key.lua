--- A key whose card cryptogram was wrong is not tried again, whatever happens.
local fault = require "cw.fault"

return {
  summary = "After a wrong card cryptogram nothing more is tried, and the run names the keys",
  tags = { "faults", "keys" },
  flavors = { "*" },
  needs = { card = { "simulated" } },

  run = function(t)
    t:fault(fault.corrupt "INITIALIZE UPDATE")
    local failed = t:fails("demo/inventory", {}, { kind = "channel", message = "isd" })
    t:equal(failed.attempts, 1)
    local tried = 0
    for _, command in ipairs(failed.commands) do
      if command.name == "INITIALIZE UPDATE" then tried = tried + 1 end
    end
    t:equal(tried, 1)
    t:audit(failed, { "INITIALIZE UPDATE 9000", "channel: " })
  end,
}
