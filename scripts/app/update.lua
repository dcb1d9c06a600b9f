--- A provider replaces an application of its own security domain by another version of it (T/TAF 096-2021 6.2.3): the
--- old one goes with what it holds, the new one is loaded and installed. Cards that keep an application's data over an
--- update (GlobalPlatform Amendment H) are not asked to.
---
---   $ cardwright run app/update --card sim --card-state card.json --set cap=tests/caps/wallet-1.1-debug.cap
---
--- There is room for the new one, or the old one stays: it is asked before anything is deleted.
local errors = require "cw.errors"
local hex = require "hex"
local preflight = require "cw.preflight"
local provider = require "cw.provider"
local receipts = require "cw.receipts"
local registry = require "cw.registry"

return {
  name = "app/update",
  summary = "Replace an application of a provider's own security domain by another version",

  args = provider.arguments {
    cap = { type = "cap", help = "CAP file of the new version" },
    instance = { type = "aid", help = "AID of the applet's instance; default: the applet's own", optional = true },
  },
  needs = provider.needs,

  run = function(run)
    local args, cap = run.args, run.args.cap
    local module = cap.applets[1]
    if not module then errors.raise("usage", cap.name .. " is a library: it has no applet to install") end
    local applet = args.instance or module
    local mine = provider.begin(run)
    local ssd = mine.ssd

    run:step("old version", {
      done = function()
        local entry = ssd:entry(cap.package_aid)
        if entry and not entry.version then
          errors.raise("card", ("the card does not tell which version of load file %s it has; delete it first "
            .. "(app/delete)"):format(hex.encode(cap.package_aid)))
        end
        return entry == nil or entry.version == cap.version
      end,
      run = function()
        preflight.room(mine.found, cap)
        for _, entry in ipairs(registry.list(ssd:registry())) do
          if entry.elf == cap.package_aid and entry.aid ~= cap.package_aid and entry.aid ~= applet then
            errors.raise("card", ("load file %s has another application, %s, that would be lost; delete it first "
              .. "(app/delete)"):format(hex.encode(cap.package_aid), hex.encode(entry.aid)))
          end
        end
        ssd:delete(applet, mine.by)
        ssd:delete(cap.package_aid, mine.by)
      end,
    })
    run:steps(ssd, {
      {
        name = "load file",
        done = function() return ssd:entry(cap.package_aid) ~= nil end,
        plan = function()
          return ssd:load_plan(cap, { sd = mine.aid, token = mine.token, receipt = args.receipt_key })
        end,
      },
      {
        name = "applet",
        done = function() return ssd:entry(applet) ~= nil end,
        plan = function()
          return ssd:install_plan({ elf = cap.package_aid, module = module, aid = applet, token = mine.token },
            args.receipt_key)
        end,
      },
    })
    run:output("updated", {
      applet = hex.encode(applet), version = cap.version, receipts = receipts.data(ssd.confirmations),
    })
  end,
}
