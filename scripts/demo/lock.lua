--- Locks an application or a security domain: so that it cannot be selected (GPCS 9.6).
---
---   $ cardwright run demo/lock --card sim --card-state card.json --set aid=F063617264770101
---   ok   lock
---   F063617264770101 is LOCKED
---   done: 1 step done, 0 skipped, 6 commands, 5 ms
local cards = require "cw.registry"
local errors = require "cw.errors"
local gp = require "cw.gp"
local hex = require "hex"
local sd = require "cw.sd"

return {
  name = "demo/lock",
  summary = "Lock an application or a security domain",

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
        errors.raise("card", "the card has no application or supplementary security domain " .. hex.encode(aid)
          .. "; see demo/inventory")
      end
      return entry
    end

    -- True if something that belongs to the domain is locked, or is not.
    local function any_below(locked)
      for _, entry in ipairs(cards.list(isd:registry())) do
        if entry.kind ~= "elf" and entry.sd == aid and entry.aid ~= aid and entry.locked == locked then return true end
      end
      return false
    end

    run:step("lock", {
      done = function() return entry_on_card().locked and not (run.args.all and any_below(false)) end,
      run = function() sd.lock(isd, aid, run.args.all) end,
    })

    run:print("%s is %s", hex.encode(aid), entry_on_card().state)
  end,
}
