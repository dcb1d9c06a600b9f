--- One that allows a flow everything but to make an instance, and PORT's backend.
local p = require "cw.policy"

return {
  name = "next",
  api = 1,
  summary = "no instance is made",
  allow = { flows = { "*" }, channel = { level = "mac" }, backends = { ["https://127.0.0.1:PORT/"] = {} } },
  limits = { attempts = 5 },
  rules = { p.deny { on = "INSTALL [for install and make selectable]", because = "nothing new on this card" } },
}
