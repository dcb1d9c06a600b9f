--- A provider locks an application of its own domain (T/TAF 096-2021 6.2.3; GPCS 11.10): it cannot be selected until it
--- is unlocked. In the domain's own channel; the issuer is not asked.
---
---   $ cardwright run app/lock --card sim --card-state card.json --set aid=F063617264770101
local provider = require "cw.provider"
local sd = require "cw.sd"

return {
  name = "app/lock",
  summary = "Lock an application of a provider's own security domain",

  args = provider.looking { aid = { type = "aid", help = "the application" } },
  needs = provider.needs,

  run = function(run)
    local mine = provider.begin(run)
    run:step("lock", {
      done = function() return sd.shows_lock(mine.ssd, run.args.aid, true) end,
      run = function() sd.lock(mine.ssd, run.args.aid) end,
    })
  end,
}
