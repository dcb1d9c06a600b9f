--- A provider's own domain, which manages its content by itself: a flow, so that scenarios begin from it.
local gp = require "cw.gp"
local sd = require "cw.sd"

return {
  name = "provider",
  summary = "Make a domain with Authorized Management and give it its keys",
  args = {
    domain = { type = "aid", help = "AID of the provider's domain", optional = true },
    keyed = { type = "boolean", help = "with keys", default = true },
  },
  needs = { keys = { "isd", "demo.sd" } },

  run = function(run)
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    local domain = run.args.domain or run.flavor.ssd_aid
    if not isd:entry(domain) then
      sd.create(isd, { aid = domain, privileges = { "security domain", "authorized management" } })
    end
    if run.args.keyed then sd.first_keys(isd, { aid = domain, keys = "demo.sd" }) end
  end,
}
