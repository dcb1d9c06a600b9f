--- A provider loads and installs an application in its own security domain (T/TAF 096-2021 6.2.3): by authorized
--- management, or by delegated management with a token for each command, which custody or the issuer's SEI-TSM makes.
--- The issuer's keys are not needed.
---
---   $ cardwright run app/install --card sim --card-state card.json --set cap=tests/caps/wallet-1.0.cap
---   $ cardwright run app/install --card sim --card-state card.json --set cap=tests/caps/wallet-1.0.cap
---       --set management=delegated --set issuer=https://sei.acme.example/sei/v1/ --set tenant=transit
---
--- It looks first: a locked card, a domain that is locked or missing, and too little memory end it before anything is
--- changed, and it goes on once that is cured.
local access = require "cw.access"
local errors = require "cw.errors"
local gp = require "cw.gp"
local hex = require "hex"
local preflight = require "cw.preflight"
local provider = require "cw.provider"
local receipts = require "cw.receipts"

return {
  name = "app/install",
  summary = "Load and install an application in a provider's own security domain",

  args = provider.arguments {
    cap = { type = "cap", help = "CAP file to load" },
    instance = { type = "aid", help = "AID of the applet's instance; default: the applet's own", optional = true },
    app = { type = "bytes", help = "hash of the certificate of the phone's application", optional = true },
    ara_keys = { type = "key", help = "keys of the domain that the ARA-M belongs to, the ISD", optional = true },
  },
  needs = provider.needs,

  run = function(run)
    local args, cap = run.args, run.args.cap
    local module = cap.applets[1]
    if not module then errors.raise("usage", cap.name .. " is a library: it has no applet to install") end
    if args.app and not args.ara_keys then
      errors.raise("usage", "an access rule goes into the ARA-M: name ara_keys, the keys of its domain")
    end
    local applet = args.instance or module

    local mine = provider.begin(run)
    run:steps(mine.ssd, {
      {
        name = "load file",
        done = function()
          local entry = mine.ssd:entry(cap.package_aid)
          return entry ~= nil and (entry.version == nil or entry.version == cap.version)
        end,
        plan = function()
          if mine.ssd:entry(cap.package_aid) then
            errors.raise("card", ("the domain has another version of load file %s, %s; app/update replaces it")
              :format(hex.encode(cap.package_aid), mine.ssd:entry(cap.package_aid).version or "unknown"))
          end
          preflight.room(mine.found, cap)
          return mine.ssd:load_plan(cap, { sd = mine.aid, token = mine.token, receipt = args.receipt_key })
        end,
      },
      {
        name = "applet",
        done = function()
          local entry = mine.ssd:entry(applet)
          return entry ~= nil and entry.kind == "app" and entry.state ~= "INSTALLED"
        end,
        plan = function()
          return mine.ssd:install_plan({ elf = cap.package_aid, module = module, aid = applet, token = mine.token },
            args.receipt_key)
        end,
      },
    })

    if args.app then
      local rule = { aid = applet, app = args.app, apdu = "always" }
      run:step("access rule", {
        done = function() return access.has(access.list(run.card), rule) end,
        run = function() access.add(gp.open(run.card, { keys = args.ara_keys, flavor = run.flavor }), rule) end,
      })
    end

    run:output("installed", {
      applet = hex.encode(applet), domain = hex.encode(mine.aid), load_file = hex.encode(cap.package_aid),
      version = cap.version, sha256 = hex.encode(cap:hash("sha256")), receipts = receipts.data(mine.ssd.confirmations),
    })
  end,
}
