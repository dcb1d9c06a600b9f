--- Unlocks an application or a security domain: back to the state it was locked in (GPCS 9.6).
---
---   $ cardwright run demo/unlock --card sim --card-state card.json --set aid=F063617264770101
---   ok   unlock
---   F063617264770101 is SELECTABLE
---   done: 1 step done, 0 skipped, 6 commands, 5 ms
local errors = require "cw.errors"
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

    local function entry_on_card()
      local entry = isd:entry(aid)
      if not entry or entry.kind == "elf" or entry.kind == "isd" then
        errors.raise("usage", "the card has no application or supplementary security domain " .. hex.encode(aid)
          .. "; see demo/inventory")
      end
      return entry
    end

    run:step("unlock", {
      done = function()
        local entry = entry_on_card()
        return not entry.locked
      end,
      run = function() sd.unlock(isd, aid, run.args.all) end,
    })

    run:print("%s is %s", hex.encode(aid), entry_on_card().state)
  end,
}
