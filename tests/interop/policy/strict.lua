--- Nothing is deleted, and packages are nobody's business.
local p = require "cw.policy"

return {
  name = "strict",
  api = 1,
  allow = { flows = { "demo/*" }, channel = { scp = { "03" }, level = "mac+enc" } },
  limits = { attempts = 3 },
  rules = {
    p.deny { on = "DELETE", because = "nothing is deleted" },
    p.deny { on = "GET STATUS", when = p.p1.is(0x20), because = "packages are not listed" },
  },
  examples = { p.example { command = "80E40000 09 4F07F0636172647701", expect = "deny" } },
}
