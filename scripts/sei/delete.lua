--- Has an issuer's SEI-TSM delete our security domain (T/TAF 096-2021). What is in it goes first: a card deletes no
--- domain that has applications or load files. Other owners that have something in it are asked first: the run ends,
--- says who was asked, and goes through once each has agreed (cardwright owner consent).
---
---   $ cardwright run sei/delete --card sim --store runs.db --policy policies/examples/sei.lua
---       --set issuer=https://sei.acme.example/sei/v1/ --set tenant=transit --set domain=F063617264770001
local sd = require "cw.sd"
local sei = require "cw.sei"

return {
  name = "sei/delete",
  summary = "Have the issuer's SEI-TSM delete a security domain",

  args = sei.arguments {
    consent = { type = "string", help = "owners with something in it, beside the one it is known for: acme,nova",
                optional = true },
  },
  needs = {
    backends = sei.needs.backends, keys = sei.needs.keys, consent = { domain = "$domain", of = "$consent" },
  },

  run = function(run)
    local issuer, domain = sei.begin(run)
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
