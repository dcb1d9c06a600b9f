--- Delegated management: a provider's domain loads and installs by itself, each time with the issuer's token, and the
--- card confirms each with a receipt.
---
---   $ cardwright run demo/delegated --card sim --set cap=tests/caps/wallet-1.0.cap
---   ok   issuer keys
---   ok   domain
---   ok   domain keys
---   ok   load file
---   ok   applet
---
--- The issuer's part is the first three steps: its domain learns the key that checks tokens (version 70) and the one
--- that makes receipts (71), and makes the provider's. Here custody holds the token key as well, and makes the tokens;
--- where an issuer's server makes them, install.token_input says what it has to sign, and `token` is its bytes.
local errors = require "cw.errors"
local gp = require "cw.gp"
local hex = require "hex"
local keys = require "keys"
local objects = require "cw.objects"
local receipts = require "cw.receipts"
local sd = require "cw.sd"

local TOKENS, RECEIPTS = 0x70, 0x71

return {
  name = "demo/delegated",
  summary = "Load and install in a domain with Delegated Management: tokens, and receipts that are checked",

  args = {
    cap = { type = "cap", help = "CAP file to load" },
    domain = { type = "aid", help = "AID of the provider's domain; default: the flavor's", optional = true },
    isd_keys = { type = "key", help = "keys of the issuer security domain", default = "isd" },
    sd_keys = { type = "key", help = "keys that the provider's domain is given", default = "demo.sd" },
    token_key = { type = "key", help = "key that signs tokens", default = "demo.token" },
    receipt_key = { type = "key", help = "key that the card makes receipts with", default = "demo.receipt" },
  },
  needs = { keys = { "$isd_keys", "$sd_keys", "$token_key", "$receipt_key" } },

  run = function(run)
    local args, cap = run.args, run.args.cap
    local domain = args.domain or run.flavor.ssd_aid
    local version = keys.info(args.sd_keys).version
    local applet = cap.applets[1]
    if not applet then errors.raise("usage", cap.name .. " is a library: it has no applet to install") end

    local isd = gp.open(run.card, { keys = args.isd_keys, flavor = run.flavor, look_at = { domain } })

    run:step("issuer keys", {
      done = function()
        local there = isd:key_info()
        return objects.count_version(there, TOKENS) > 0 and objects.count_version(there, RECEIPTS) > 0
      end,
      run = function()
        local there = isd:key_info()
        if objects.count_version(there, TOKENS) == 0 then isd:put_signing_key(args.token_key, TOKENS) end
        if objects.count_version(there, RECEIPTS) == 0 then isd:put_signing_key(args.receipt_key, RECEIPTS) end
      end,
    })

    local created
    run:step("domain", {
      done = function() return isd:entry(domain) ~= nil end,
      run = function()
        created = sd.create(isd, {
          aid = domain, privileges = { "security domain", "delegated management" }, keys_next = true,
          scp = keys.info(args.sd_keys).type == "aes" and "03" or "02",
        })
      end,
    })

    run:step("domain keys", {
      done = function()
        return sd.state(isd, domain) == "PERSONALIZED" and sd.has_keys(isd, domain, version)
      end,
      run = function()
        sd.first_keys(isd, { aid = domain, keys = args.sd_keys, version = version, opened = created })
      end,
    })

    local ssd = gp.open(run.card, { aid = domain, keys = args.sd_keys, version = version, flavor = run.flavor })
    run:steps(ssd, {
      {
        name = "load file",
        done = function() return ssd:entry(cap.package_aid) ~= nil end,
        plan = function()
          return ssd:load_plan(cap, { sd = domain, token = keys.token(args.token_key), receipt = args.receipt_key })
        end,
      },
      {
        name = "applet",
        done = function() return ssd:entry(applet) ~= nil end,
        plan = function()
          return ssd:install_plan({
            elf = cap.package_aid, module = applet, token = keys.token(args.token_key),
          }, args.receipt_key)
        end,
      },
    })

    run:output("delegated", {
      applet = hex.encode(applet), domain = hex.encode(domain), load_file = hex.encode(cap.package_aid),
      receipts = receipts.data(ssd.confirmations),
    })
  end,
}
