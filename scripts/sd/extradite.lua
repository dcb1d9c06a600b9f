--- Extradites an application, a load file or a security domain: from the domain it belongs to into another one (GPCS
--- 9.4.1). The domain that it goes to has to accept it (C9 tag 82), the one that it leaves has to let it go (87).
---
---   $ cardwright run sd/extradite --card sim --card-state card.json --set aid=F063617264770101
---       --set to=F063617264770002
---   ok   extradition
---   F063617264770101 belongs to F063617264770002
---   done: 1 step done, 0 skipped, 9 commands, 1 ms
local domains = require "domains"
local errors = require "cw.errors"
local gp = require "cw.gp"
local hex = require "hex"

return {
  name = "sd/extradite",
  summary = "Move an application, a load file or a security domain into another security domain",

  args = {
    aid = { type = "aid", help = "what is to move" },
    to = { type = "aid", help = "AID of the domain that it is to belong to" },
    leaves = {
      type = "boolean", help = "of a security domain: it goes to somebody else, and is no longer ours to manage",
      default = false,
    },
    isd_keys = { type = "key", help = "keys of the issuer security domain", default = "isd" },
  },
  needs = { keys = { "$isd_keys" } },

  run = function(run)
    local args = run.args
    local isd = gp.open(run.card, { keys = args.isd_keys, flavor = run.flavor })

    -- What is to be there, in the card's terms; the card says 6A88 to all of it.
    local moves, into = isd:entry(args.aid), isd:entry(args.to)
    if not moves then errors.raise("card", "the card has no " .. hex.encode(args.aid) .. "; see demo/inventory") end
    if not into or (into.kind ~= "sd" and into.kind ~= "isd") then
      errors.raise("card", hex.encode(args.to) .. " is no security domain of this card; see demo/inventory")
    end
    if moves.kind == "isd" or args.aid == args.to then
      errors.raise("usage", hex.encode(args.aid) .. " cannot be extradited into " .. hex.encode(args.to))
    end
    if moves.sd == nil then
      errors.raise("card", "the card does not say which domain " .. hex.encode(args.aid)
        .. " belongs to (GET STATUS without tag CC), so it could not be seen whether it moved")
    end

    if moves.kind == "sd" then domains.put { aid = args.aid, state = "present" } end  -- ours, before it moves
    run:step("extradition", {
      done = function()
        local entry = isd:entry(args.aid)
        return entry ~= nil and entry.sd == args.to
      end,
      run = function() isd:extradite(args.aid, args.to) end,
    })
    if moves.kind == "sd" and args.leaves then domains.put { aid = args.aid, state = "moved" } end
    run:print("%s belongs to %s", hex.encode(args.aid), hex.encode(args.to))
  end,
}
