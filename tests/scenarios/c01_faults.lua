--- Each fault, a line each, on a flow that only reads: what the run makes of it.
local fault = require "cw.fault"

return {
  summary = "Each kind of fault ends an attempt, or the run, as what it is",
  tags = { "faults" },
  flavors = { "*" },
  needs = { card = { "simulated" } },

  run = function(t)
    local function attempts(one)
      t:fault(one)
      return t:run("demo/inventory").attempts
    end
    -- The answer is lost: the run asks the card again from the top.
    t:equal(attempts(fault.tear_before(3)), 2)
    t:equal(attempts(fault.tear_inside "INITIALIZE UPDATE"), 2)
    t:equal(attempts(fault.tear_after "EXTERNAL AUTHENTICATE"), 2)
    t:equal(attempts(fault.drop "GET STATUS"), 2)
    t:equal(attempts(fault.truncate("GET STATUS", 2)), 2)
    t:equal(attempts(fault.card_removed(5)), 2)
    t:equal(attempts(fault.delay(1, "GET STATUS")), 1)

    -- What is there and wrong is no reason to try again.
    t:fault(fault.wrong_mac "GET STATUS")
    t:fails("demo/inventory", {}, { sw = 0x6982 })
    t:fault(fault.status(0x6985, "GET STATUS"))
    t:fails("demo/inventory", {}, { kind = "card", sw = 0x6985 })
    t:fault(fault.corrupt "INITIALIZE UPDATE")
    t:fails("demo/inventory", {}, { kind = "channel" })
    t:fault(fault.lock_keys())
    t:fails("demo/inventory", {}, { kind = "card", sw = 0x6983 })
    t:clear_faults()
    t:fault(fault.reader_gone())
    t:fails("demo/inventory", {}, { kind = "reader", message = "gone" })
    t:clear_faults()
    t:equal(t:run("demo/inventory").attempts, 1)
  end,
}
