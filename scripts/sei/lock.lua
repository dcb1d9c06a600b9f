--- Has an issuer's SEI-TSM lock our security domain (T/TAF 096-2021): its applications are blocked with it.
---
---   $ cardwright run sei/lock --card sim --policy policies/examples/sei.lua
---       --set issuer=https://sei.acme.example/sei/v1/ --set tenant=transit --set domain=F063617264770001
local sd = require "cw.sd"
local sei = require "cw.sei"

return {
  name = "sei/lock",
  summary = "Have the issuer's SEI-TSM lock a security domain",

  args = sei.arguments(),
  needs = sei.needs,

  run = function(run)
    local issuer, domain = sei.begin(run)
    local asked = false  -- the issuer has done it, or had before: a domain that is gone looks the same as a locked one
    run:step("lock", {
      done = function() return asked and not sd.is_selectable(run.card, domain) end,
      run = function()
        issuer:lock(run.card, { aid = domain })
        asked = true
      end,
    })
  end,
}
