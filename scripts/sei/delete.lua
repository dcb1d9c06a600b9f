--- Has an issuer's SEI-TSM delete our security domain (T/TAF 096-2021). What is in it goes first: a card deletes no
--- domain that has applications or load files.
---
---   $ cardwright run sei/delete --card sim --policy policies/examples/sei.lua
---       --set issuer=https://sei.acme.example/sei/v1/ --set tenant=transit --set domain=F063617264770001
local sd = require "cw.sd"
local sei = require "cw.sei"

return {
  name = "sei/delete",
  summary = "Have the issuer's SEI-TSM delete a security domain",

  args = {
    issuer = { type = "string", help = "URL of the SEI-TSM, ending in '/'" },
    tenant = { type = "string", help = "tenantId: who we are to the issuer" },
    domain = { type = "aid", help = "AID of the security domain; default: the flavor's", optional = true },
  },
  needs = { backends = { "$issuer" } },

  run = function(run)
    local args = run.args
    local domain = args.domain or run.flavor.ssd_aid
    local issuer = sei.issuer { url = args.issuer, tenant = args.tenant }
    local asked = false  -- the issuer has done it, or had before: a domain that is gone looks the same as a locked one
    run:step("delete", {
      done = function() return asked and not sd.is_selectable(run.card, domain) end,
      run = function()
        issuer:delete(run.card, { aid = domain })
        asked = true
      end,
    })
  end,
}
