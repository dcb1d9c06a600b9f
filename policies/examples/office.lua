--- For an issuer's service: runs begin in office hours, so many a day, and no operator swaps the rules alone.
local p = require "cw.policy"

local office = { days = "mon-fri", from = "07:00", to = "19:00" } -- UTC

return {
  name = "office",
  api = 1,
  summary = "office hours, a quota for each issuer, two persons for each swap",

  allow = {
    flows = { "demo/*" },
    times = { office, { days = "sat", from = "08:00", to = "12:00" } },
    channel = { level = "mac+enc" },
  },

  limits = {
    quotas = {
      { flows = { "demo/*" }, per_hour = 500, per_day = 4000, at_once = 200 },
      { flows = { "demo/rotate-keys" }, per_day = 100 },
    },
  },

  rules = {
    p.deny { on = "DELETE", when = p.aid.is("isd"), because = "the ISD stays" },
    p.deny { on = "PUT KEY", when = p.none(p.within(office)), because = "keys are put when people are there" },
  },

  approval = { "policy use", "policy rollback", "bundle use", "bundle rollback" },

  examples = {
    p.example { command = "80E40000 0A 4F08A000000151000000", expect = "deny" },
    p.example { command = "80D80030 01 30", at = "tue 10:00", expect = "allow" },
    p.example { command = "80D80030 01 30", at = "sat 10:00", expect = "deny" },
  },
}
