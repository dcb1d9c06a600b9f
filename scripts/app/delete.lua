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
    app = { type = "bytes", help = "hash of the certificate of the phone's application", optional = true },
    ara_keys = { type = "key", help = "keys of the domain that the ARA-M belongs to, the ISD", optional = true },
  },
  needs = provider.needs,

  run = function(run)
    local args = run.args
    local mine = provider.begin(run)

    if args.ara_keys then
      local rule = { aid = args.aid, app = args.app, apdu = "always" }
      run:step("access rule", {
        done = function() return not access.has(access.list(run.card), rule) end,
        run = function() access.remove(gp.open(run.card, { keys = args.ara_keys, flavor = run.flavor }), rule) end,
      })
    end

    local found = mine.ssd:entry(args.aid)
    local elf = args.load_file or found and found.elf
    run:step("application", {
      done = function() return mine.ssd:entry(args.aid) == nil end,
      run = function() mine.ssd:delete(args.aid, mine.by) end,
    })
    if elf then
      run:step("load file", {
        done = function()
          if not mine.ssd:entry(elf) then return true end
          for _, entry in ipairs(registry.list(mine.ssd:registry())) do
            if entry.elf == elf and entry.aid ~= elf then return true end  -- it has applications still
          end
          return false
        end,
        run = function() mine.ssd:delete(elf, mine.by) end,
      })
    end
    run:output("deleted", {
      applet = hex.encode(args.aid), domain = hex.encode(mine.aid), receipts = receipts.data(mine.ssd.confirmations),
    })
  end,
}
