--- Nothing is deleted.
local p = require "cw.policy"

return {
  name = "no-delete",
  api = 1,
  rules = { p.deny { on = "DELETE", because = "nothing is deleted in this scenario" } },
}
