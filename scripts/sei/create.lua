--- Has an issuer's SEI-TSM create our security domain (T/TAF 096-2021): we hold no key of the card, and carry what the
--- issuer wrapped.
---
---   $ cardwright run sei/create --card sim --policy policies/examples/sei.lua
---       --set issuer=https://sei.acme.example/sei/v1/ --set tenant=transit --set domain=F063617264770001
---
--- Run it again: the issuer looks at the card, and what is there is not made again. It is asked each time, since both
--- sides are to know how far it came where an answer was lost.
local hex = require "hex"
local sd = require "cw.sd"
local sei = require "cw.sei"

-- expPrivilege (GPCS 11.1.2): Security Domain, and what it manages by itself.
local PRIVILEGES = { none = "800000", delegated = "A00000", authorized = "804000" }

return {
  name = "sei/create",
  summary = "Have the issuer's SEI-TSM create a security domain",

  args = sei.arguments {
    management = {
      type = "string", help = "what the domain is to manage by itself", default = "delegated",
      values = { "none", "delegated", "authorized" },
    },
    scp = { type = "string", help = "scpConfig: protocol and option of its secure channel", default = "0370" },
  },
  needs = sei.needs,

  run = function(run)
    local args = run.args
    local issuer, domain = sei.begin(run)
    local asked = false
    run:step("domain", {
      done = function() return asked and sd.is_selectable(run.card, domain) end,
      run = function()
        issuer:create(run.card, { aid = domain, privileges = PRIVILEGES[args.management], scp = args.scp })
        asked = true
      end,
    })
    run:output("domain", { aid = hex.encode(domain), state = sd.state(run.card, domain) })
  end,
}
