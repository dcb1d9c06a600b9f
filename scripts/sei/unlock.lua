--- Has an issuer's SEI-TSM unlock our security domain (T/TAF 096-2021): back to the state that it was locked in.
---
---   $ cardwright run sei/unlock --card sim --policy policies/examples/sei.lua
---       --set issuer=https://sei.acme.example/sei/v1/ --set tenant=transit --set domain=F063617264770001
local sd = require "cw.sd"
local sei = require "cw.sei"

return {
  name = "sei/unlock",
  summary = "Have the issuer's SEI-TSM unlock a security domain",

  args = sei.arguments(),
  needs = sei.needs,

  run = function(run)
    local issuer, domain = sei.begin(run)
    run:step("unlock", {
      done = function() return sd.is_selectable(run.card, domain) end,
      run = function() issuer:unlock(run.card, { aid = domain }) end,
    })
  end,
}
