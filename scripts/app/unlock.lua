--- A provider unlocks an application of its own domain (T/TAF 096-2021 6.2.3; GPCS 11.10): back to the
--- state before. In the domain's own channel; the issuer is not asked.
---
---   $ cardwright run app/unlock --card sim --card-state card.json --set aid=F063617264770101
local provider = require "cw.provider"
local sd = require "cw.sd"

return {
  name = "app/unlock",
  summary = "Unlock an application of a provider's own security domain",

  args = provider.looking { aid = { type = "aid", help = "the application" } },
  needs = provider.needs,

  run = function(run)
    local mine = provider.begin(run)
    run:step("unlock", {
      done = function() return sd.shows_lock(mine.ssd, run.args.aid, false) end,
      run = function() sd.unlock(mine.ssd, run.args.aid) end,
    })
  end,
}
