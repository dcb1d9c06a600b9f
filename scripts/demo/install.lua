--- Gives an applet a security domain of its own, loads it there, installs and personalizes it, and reads the card back.
---
---   $ cardwright run demo/install --card sim --set cap=tests/caps/wallet-1.0.cap --set holder=@holder.txt
---   ok   domain
---   ok   domain keys
---   ok   load file
---   ok   applet
---   ok   personalization
---
---   registry
---   AID               kind  state         version  domain            privileges
---   A000000151000000  isd   OP_READY               A000000151000000  9EFE80
---   F063617264770001  sd    PERSONALIZED           A000000151000000  800000
---   F063617264770101  app   SELECTABLE             F063617264770001  000000
---   A00000015141434C  elf   LOADED        255.255  A000000151000000
---   A0000001515350    elf   LOADED        255.255  A000000151000000
---   F0636172647701    elf   LOADED        1.0      F063617264770001
---
---   done: 5 steps done, 0 skipped, 55 commands, 2 ms
---
--- Run it again on the same card (--card-state FILE keeps it): every step finds its work done, and nothing changes.
local cards = require "cw.registry"
local errors = require "cw.errors"
local gp = require "cw.gp"
local hex = require "hex"
local keys = require "keys"
local perso = require "cw.perso"
local sd = require "cw.sd"

-- Data groupings of the wallet (tests/caps/src/wallet).
local HOLDER, NUMBER, PIN = 0x0101, 0x0102, 0x8201

--- The protocol that keys of this type are for: AES keys open SCP03, DES keys SCP02.
local function scp_of(key_set)
  return keys.info(key_set).type == "aes" and "03" or "02"
end

--- True if the load file on the card is the one that we have. A card tells AID and version (CE), and no hash; so a file
--- that was changed without a new version cannot be told from it. Its hash is in the result of every run, for records.
local function is_loaded(entry, cap, domain)
  return entry ~= nil and entry.kind == "elf"
    and (entry.version == nil or entry.version == cap.version)
    and (entry.sd == nil or entry.sd == domain)
end

--- The number that the applet has, or nil. Ends the secure channel of any domain. It is sent last, so where it is, all
--- that was sent before it is. Whether it is the same holder, nobody up here can see: it is secret, and reading it back
--- would carry it over the wire in clear.
local function number_of(card, applet)
  return gp.read(card, applet, { NUMBER })[NUMBER]
end

return {
  name = "demo/install",
  summary = "Create a security domain, load a CAP file into it, install and personalize the applet",

  args = {
    cap = { type = "cap", help = "CAP file to load" },
    holder = { type = "secret", help = "name to store in the applet", max = 32 },
    number = { type = "string", help = "card number to store in the applet", default = "4711", min = 1, max = 16 },
    pin = { type = "secret", help = "initial PIN", optional = true, min = 4, max = 8 },
    instance = { type = "aid", help = "AID of the applet's instance; default: the applet's own", optional = true },
    domain = { type = "aid", help = "AID of the security domain; default: the flavor's", optional = true },
    isd_keys = { type = "key", help = "keys of the issuer security domain", default = "isd" },
    sd_keys = { type = "key", help = "keys that the new domain is given", default = "demo.sd" },
  },
  needs = { keys = { "$isd_keys", "$sd_keys" } },

  run = function(run)
    local args, cap = run.args, run.args.cap
    local domain = args.domain or run.flavor.ssd_aid
    local version = keys.info(args.sd_keys).version
    local module = cap.applets[1]
    if not module then errors.raise("usage", cap.name .. " is a library: it has no applet to install") end
    local applet = args.instance or module

    local isd = gp.open(run.card, { keys = args.isd_keys, flavor = run.flavor, look_at = { domain } })

    local created  -- the new domain, open for its first keys
    run:step("domain", {
      done = function()
        if sd.is_absent(isd, domain) then return false end
        local entry = isd:entry(domain)
        return entry ~= nil and entry.kind == "sd"
      end,
      run = function()
        local ok, made = pcall(sd.create, isd, {
          aid = domain, privileges = { "security domain" }, scp = scp_of(args.sd_keys), keys_next = true,
        })
        if not ok then
          -- SELECT finds no domain that is locked, so only INSTALL tells that there is one: 6A80 or 6985.
          local taken = type(made) == "table" and (made.sw == 0x6A80 or made.sw == 0x6985)
          local there = taken and isd:entry(domain)
          if not there then error(made, 0) end
          errors.raise("card", ("domain %s is there, %s, and cannot be selected; unlock it first, with demo/unlock")
            :format(hex.encode(domain), there.state), made.sw)
        end
        created = made
      end,
    })

    local fresh = false  -- the applet was installed just now, and has no number
    -- A domain that is not PERSONALIZED takes no load file, so its state may be seen with what comes after it.
    run:steps(isd, {
      {
        name = "domain keys",
        done = function()
          return sd.state(isd, domain) == "PERSONALIZED" and sd.has_keys(isd, domain, version)
        end,
        run = function()
          sd.first_keys(isd, {
            aid = domain, keys = args.sd_keys, version = version, opened = created, state_later = created ~= nil,
          })
        end,
      },
      {
        name = "load file",
        done = function() return is_loaded(isd:entry(cap.package_aid), cap, domain) end,
        plan = function()
          local entry = isd:entry(cap.package_aid)
          if entry then
            errors.raise("card", ("the card has another load file %s, version %s; remove it first, with demo/remove")
              :format(hex.encode(entry.aid), entry.version or "unknown"))
          end
          return isd:load_plan(cap, { sd = domain })
        end,
      },
      {
        name = "applet",
        done = function()
          local entry = isd:entry(applet)
          return entry ~= nil and entry.kind == "app" and entry.state ~= "INSTALLED"
        end,
        plan = function()
          fresh = true
          return isd:install_plan { elf = cap.package_aid, module = module, aid = applet }
        end,
      },
    })

    local number  -- that the applet has
    run:step("personalization", {
      done = function()
        if fresh then return false end
        number = number_of(run.card, applet)
        return number == args.number
      end,
      run = function()
        fresh = false
        if number then
          errors.raise("card", "applet " .. hex.encode(applet) .. " is personalized already, with another number or "
            .. "holder, and takes that once; remove it first, with demo/remove")
        end
        local ssd = gp.open(run.card, { aid = domain, keys = args.sd_keys, version = version, flavor = run.flavor })
        local dgis = { { HOLDER, args.holder } }
        if args.pin then dgis[#dgis + 1] = { PIN, args.pin } end
        dgis[#dgis + 1] = { NUMBER, args.number }
        perso.store(ssd, { aid = applet, dgis = dgis })
      end,
    })

    run:table("registry", cards.columns, cards.rows(isd:registry()))
    run:output("installed", {
      applet = hex.encode(applet), domain = hex.encode(domain), load_file = hex.encode(cap.package_aid),
      version = cap.version, sha256 = hex.encode(cap:hash("sha256")),
    })
  end,
}
