--- Creates a security domain through the ISD, and gives it its first keys; what becomes of it is kept (cardwright
--- domain list). Where the issuer keeps the ISD's keys, see sei/create.
---
---   $ cardwright run sd/create --card sim --card-state card.json
---   ok   domain
---   ok   domain keys
---   F063617264770001 is PERSONALIZED, with the keys 'demo.sd', version 30
---   done: 2 steps done, 0 skipped, 15 commands, 2 ms
local domains = require "domains"
local gp = require "cw.gp"
local hex = require "hex"
local keys = require "keys"
local sd = require "cw.sd"

local PRIVILEGES = {
  none = { "security domain" },
  delegated = { "security domain", "delegated management" },
  authorized = { "security domain", "authorized management" },
}

return {
  name = "sd/create",
  summary = "Create a security domain through the ISD, with its first keys",

  args = {
    domain = { type = "aid", help = "AID of the security domain; default: the flavor's", optional = true },
    management = {
      type = "string", help = "what the domain is to manage by itself", default = "none",
      values = { "none", "delegated", "authorized" },
    },
    isd_keys = { type = "key", help = "keys of the issuer security domain", default = "isd" },
    sd_keys = { type = "key", help = "keys that the new domain is given", default = "demo.sd" },
  },
  needs = { keys = { "$isd_keys", "$sd_keys" } },

  run = function(run)
    local args = run.args
    local domain = args.domain or run.flavor.ssd_aid
    local info = keys.info(args.sd_keys)
    local isd = gp.open(run.card, { keys = args.isd_keys, flavor = run.flavor, look_at = { domain } })
    local function keep(state, set)
      domains.put {
        aid = domain, state = state, management = args.management, keys = set, version = set and info.version,
      }
    end

    keep("asked")  -- ours to manage: known before the card is changed
    local created  -- the new domain, open for its first keys
    run:step("domain", {
      done = function()
        if sd.is_absent(isd, domain) then return false end
        local entry = isd:entry(domain)
        return entry ~= nil and entry.kind == "sd"
      end,
      run = function()
        created = sd.create(isd, {
          aid = domain, privileges = PRIVILEGES[args.management], scp = info.type == "aes" and "03" or "02",
          keys_next = true,
        })
      end,
    })
    run:step("domain keys", {
      done = function()
        return sd.state(isd, domain) == "PERSONALIZED" and sd.has_keys(isd, domain, info.version)
      end,
      run = function()
        sd.first_keys(isd, { aid = domain, keys = args.sd_keys, version = info.version, opened = created })
      end,
    })
    keep("present", args.sd_keys)
    run:print("%s is %s, with the keys '%s', version %02X", hex.encode(domain), sd.state(isd, domain), args.sd_keys,
      info.version)
  end,
}
