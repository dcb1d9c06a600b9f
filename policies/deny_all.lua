--- The emergency stop: always loaded, and in use from the next run on after `policy use deny_all`.
local p = require "cw.policy"

return {
  name = "deny_all",
  api = 1,
  summary = "no command reaches a card",

  allow = { flows = {} },
  rules = { p.deny { because = "all card commands are stopped" } },
  otherwise = "deny",

  examples = {
    p.example { command = "00A40400", level = "none", expect = "deny" },
    p.example { command = "80F28002 02 4F00", expect = "deny" },
  },
}
