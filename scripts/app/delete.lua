--- A provider deletes an application from its own security domain, with its load file where no other application is of
--- it, and its access rules (T/TAF 096-2021 6.2.3). What is not there is gone: it can be run again after anything.
---
---   $ cardwright run app/delete --card sim --card-state card.json --set aid=F063617264770101
local access = require "cw.access"
local gp = require "cw.gp"
local hex = require "hex"
local provider = require "cw.provider"
local receipts = require "cw.receipts"
local registry = require "cw.registry"

return {
  name = "app/delete",
  summary = "Delete an application from a provider's own security domain",

  args = provider.arguments {
    aid = { type = "aid", help = "the application" },
    load_file = { type = "aid", help = "its load file; default: the one that the card names", optional = true },
    ara_keys = { type = "key", help = "keys of the domain that the ARA-M belongs to, the ISD", optional = true },
  },
  needs = provider.needs,

  run = function(run)
    local args = run.args
    local mine = provider.begin(run)

    if args.ara_keys then
      -- All of them: whatever comes under this AID later is not to be reached by those who could reach this.
      local function rules()
        local out = {}
        for _, rule in ipairs(access.list(run.card)) do
          if rule.aid == args.aid then out[#out + 1] = rule end
        end
        return out
      end
      run:step("access rules", {
        done = function() return #rules() == 0 end,
        run = function()
          local isd, all = gp.domain(run.card, { keys = args.ara_keys, flavor = run.flavor }), rules()
          for _, rule in ipairs(all) do access.remove(isd, rule) end
        end,
      })
    end

    local function has_applications(elf)
      for _, entry in ipairs(registry.list(mine.ssd:registry())) do
        if entry.elf == elf and entry.aid ~= elf then return true end
      end
      return false
    end
    -- The load file that the card names for the application; once that is gone, one of this domain whose AID it begins
    -- with, and that has no application any more: an earlier run was torn between the two.
    local function load_file()
      local found = mine.ssd:entry(args.aid)
      if args.load_file or found then return args.load_file or found.elf end
      for _, entry in ipairs(registry.list(mine.ssd:registry())) do
        local ours = entry.kind == "elf" and (entry.sd == nil or entry.sd == mine.aid)
        local begins = args.aid:sub(1, #entry.aid) == entry.aid
        if ours and begins and not has_applications(entry.aid) then return entry.aid end
      end
      return nil
    end

    local elf = load_file()
    run:step("application", {
      done = function() return mine.ssd:entry(args.aid) == nil end,
      run = function() mine.ssd:delete(args.aid, mine.by) end,
    })
    if elf then
      run:step("load file", {
        done = function() return mine.ssd:entry(elf) == nil or has_applications(elf) end,
        run = function() mine.ssd:delete(elf, mine.by) end,
      })
    end
    run:output("deleted", {
      applet = hex.encode(args.aid), domain = hex.encode(mine.aid), receipts = receipts.data(mine.ssd.confirmations),
    })
  end,
}
