--- What the demo needs, and no INSTALL of anything.
local p = require "cw.policy"

return {
  name = "careful",
  api = 1,
  rules = { p.deny { on = "INSTALL", because = "nothing is installed before the audit" } },
}
