--- Unlocks an application or a security domain: back to the state it was locked in (GPCS 9.6).
---
---   $ cardwright run demo/unlock --card sim --card-state card.json --set aid=F063617264770101
---   ok   unlock
---   F063617264770101 is SELECTABLE
---   done: 1 step done, 0 skipped, 6 commands, 5 ms
local gp = require "cw.gp"
local hex = require "hex"
local sd = require "cw.sd"

return {
  name = "demo/unlock",
  summary = "Unlock an application or a security domain",

  args = {
    aid = { type = "aid", help = "application or security domain" },
    all = { type = "boolean", help = "of a security domain: with all its applications", default = false },
    isd_keys = { type = "key", help = "keys of the issuer security domain", default = "isd" },
  },
  needs = { keys = { "$isd_keys" } },

  run = function(run)
    local aid = run.args.aid
    local isd = gp.open(run.card, { keys = run.args.isd_keys, flavor = run.flavor })

    run:step("unlock", {
      done = function() return sd.shows_lock(isd, aid, false, run.args.all) end,
      run = function() sd.unlock(isd, aid, run.args.all) end,
    })

    run:print("%s is %s", hex.encode(aid), sd.state(isd, aid))
  end,
}
