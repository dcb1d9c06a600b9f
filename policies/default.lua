--- For a desk: one person, one card, all of card management - but not what no one can take back.
local p = require "cw.policy"

return {
  name = "default",
  api = 1,
  summary = "everything normal is allowed; the ISD stays, and nothing locks or terminates the card",

  allow = {
    flows = { "*" },
    channel = { level = "mac" },
  },

  limits = {
    awake_s = 180,             -- seconds a run may compute, not counting what it waits for
    expires_s = 7 * 24 * 3600, -- a run that waits longer is over
    instructions = 50000000,   -- of the script
    memory_mib = 16,
    commands = 4000,           -- to the card
    attempts = 5,              -- then the run waits for somebody
    auth_attempts = 2,         -- failed authentications per card, domain and key version
    auth_lost = 5,             -- those that got no answer
    failed_loads = 5,          -- loads and installs in a row that the card refused; twice as many without an answer
  },

  rules = {
    p.deny { on = "DELETE", when = p.aid.is("isd"), because = "the ISD stays" },
    -- SET STATUS of the ISD (P1 b8): FF terminates the card for good, 7F locks all of it (GPCS 5.1.1).
    p.deny { on = "SET STATUS", when = p.all { p.p1.has(0x80), p.p2.is(0xFF) },
             because = "a terminated card never comes back" },
    p.allow { on = "SET STATUS", when = p.all { p.p1.has(0x80), p.p2.is(0x7F), p.flow "card-lock" } },
    p.deny { on = "SET STATUS", when = p.all { p.p1.has(0x80), p.p2.is(0x7F) },
             because = "a locked card answers nobody; only a flow named card-lock may do that" },
  },

  examples = {
    p.example { command = "80E40000 09 4F07F0636172647701", expect = "allow" },
    p.example { command = "80E40000 0A 4F08A000000151000000", expect = "deny" },
    p.example { command = "80E40000 03 D20130", expect = "allow" },
    p.example { command = "80F04080 08 F063617264770001", expect = "allow" },
    p.example { command = "80F080FF", expect = "deny" },
    p.example { command = "80F081FF", expect = "deny" }, -- b5 to b1 are RFU, and not every card looks at them
    p.example { command = "80F0807F", expect = "deny" },
    p.example { command = "80F0807F", flow = "card-lock", expect = "allow" },
  },
}
