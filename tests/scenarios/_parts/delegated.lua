--- A card whose issuer lets a provider manage its own content, by token: a flow, so that scenarios begin from it.
local gp = require "cw.gp"
local sd = require "cw.sd"

return {
  name = "delegated",
  summary = "Give the ISD keys for tokens and receipts, and make a domain with Delegated Management",
  args = {
    domain = { type = "aid", help = "AID of the provider's domain" },
  },
  needs = { keys = { "isd", "demo.sd", "demo.token", "demo.receipt" } },

  run = function(run)
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    isd:put_signing_key("demo.token", 0x70)
    isd:put_signing_key("demo.receipt", 0x71)
    sd.create(isd, { aid = run.args.domain, privileges = { "security domain", "delegated management" } })
    sd.first_keys(isd, { aid = run.args.domain, keys = "demo.sd" })
  end,
}
