--- Supplementary security domains: create, key, look at, lock, rotate, delete.
---
---   sd.create(isd, { aid = aid, privileges = { "security domain", "authorized management" } })
---   sd.first_keys(isd, { aid = aid, keys = "demo.sd", version = 0x30 })
---
--- The functions that look (state, has_keys) change nothing and make good `done` functions; those that do (create,
--- first_keys, ...) may be called again after they were torn.
local hex = require "hex"
local keys = require "keys"
local tlv = require "tlv"
local errors = require "cw.errors"
local gp = require "cw.gp"
local key_looks = require "cw.key_looks"
local objects = require "cw.objects"
local registry = require "cw.registry"
local rotation = require "cw.rotation"

---@class cw.sd
local sd = {}

-- Life cycle state bytes of a security domain (GPCS 5.3).
local PERSONALIZED = 0x0F
local LOCK, UNLOCK = 0x80, 0x00

-- The option byte i that goes with a protocol when none is said: pseudo-random challenge, with R-MAC where that exists.
local usual_options = { ["02"] = "0255", ["03"] = "0370" }

-- Protocol and option as the two bytes of tag 81, from "03", "0370" or 3.
local function protocol_bytes(scp)
  local text = type(scp) == "number" and ("%02X"):format(scp) or scp
  text = usual_options[text] or text
  if not text:match("^%x%x%x%x$") then
    errors.raise("usage", "scp = '" .. tostring(scp) .. "': expected \"02\" or \"03\", or with its option \"0370\"")
  end
  return hex.decode(text)
end

---@class CreateOptions
---@field aid string
---@field privileges? string[]|string names, hex digits or bytes; default: security domain alone
---@field scp? string|integer protocol, with or without its option: "03", "0370"; default: the flavor's
---@field accept? boolean false: no load file or application may be extradited into it (default: true, by any domain
---  with authorized management)
---@field parameters? string content of C9 in place of all that, for cards with words of their own
---@field package? string AID of the load file it is installed from; default: the flavor's
---@field module? string
---@field keys_next? boolean sd.first_keys comes next: the new domain is opened on the way, with its parent's keys

local create_options = {
  aid = true, privileges = true, scp = true, accept = true, parameters = true, package = true, module = true,
  keys_next = true,
}

--- Creates a security domain: INSTALL [for install and make selectable] (GPCS 11.5; C9 as in GP UICC Configuration
--- 4.3.2). Raises card: 6A80 wrong parameters or AID in use, 6A84 no memory.
---@param isd SecurityDomain the ISD, or a domain with authorized management
---@param options CreateOptions
---@return SecurityDomain|nil opened with keys_next: for sd.first_keys
function sd.create(isd, options)
  errors.check_options("sd.create", options, create_options)
  local parameters = options.parameters
  if not parameters then
    parameters = tlv.build(0x81, protocol_bytes(options.scp or isd.flavor.scp))
    -- 82 accepts load files and applications, 87 gives them away again; F0: every domain with authorized management.
    if options.accept ~= false then parameters = parameters .. tlv.build(0x82, "\240") .. tlv.build(0x87, "\240") end
  end
  local opened = options.keys_next and gp.domain(isd.card, {
    aid = options.aid, keys = isd.keys, version = isd.version, flavor = isd.flavor, level = isd.level,
  })
  isd:carry_out({ isd:install_plan {
    elf = options.package or isd.flavor.ssd_package,
    module = options.module or isd.flavor.ssd_module,
    aid = options.aid,
    privileges = options.privileges or { "security domain" },
    parameters = parameters,
  } }, opened or nil)
  key_looks.created(isd.card, options.aid)
  return opened or nil
end

--- Life cycle state by name, or nil if there is no such domain. With an open domain that may list it (the ISD) it is
--- what the registry says. With the card alone, as for a domain of which we are only the provider, it is what SELECT
--- and GET DATA E0 show: "PERSONALIZED" when it has keys, else "SELECTABLE"; a locked domain is "LOCKED" on cards that
--- still select it (6283), and nil on those that do not.
---@param where SecurityDomain|Card
---@param aid string
---@return string|nil
function sd.state(where, aid)
  if type(where) == "table" then
    local entry = where:entry(aid)
    return entry and entry.state
  end
  local look = gp.look_at_keys(where, aid)
  if look.sw ~= 0x9000 then
    -- 6283: selected and locked (GPCS 11.9.3); 6A82 and 6999: not there, or not to be selected.
    return look.sw == 0x6283 and "LOCKED" or nil
  end
  return #look.keys > 0 and "PERSONALIZED" or "SELECTABLE"
end

--- True if the card selects the domain (9000): what a provider, who may not list the ISD's registry, can see of it. One
--- that is locked, and one that is not there, are the same to it (6A82; GPCS 5.3.2). Ends any secure channel.
---@param card Card
---@param aid string
---@return boolean
function sd.is_selectable(card, aid)
  return gp.look_at_keys(card, aid).sw == 0x9000
end

--- True if it is known already that SELECT finds no such domain (6A82): then the registry need not be read to know that
--- it is to be created. False says nothing.
---@param by SecurityDomain
---@param aid string
---@return boolean
function sd.is_absent(by, aid)
  local known = key_looks.known(by.card, aid)
  return known ~= nil and known.sw == 0x6A82
end

--- True if the domain shows all three keys of a version (GET DATA E0). Whether they are ours, only authentication
--- tells. An open domain looks on its way the next time it is opened, the card at once, which ends any secure channel.
---@param where SecurityDomain|Card
---@param aid string
---@param version integer
---@return boolean
function sd.has_keys(where, aid, version)
  local look = type(where) == "table" and where:keys_of(aid) or gp.look_at_keys(where, aid)
  return objects.count_version(look.keys, version) >= 3
end

---@class FirstKeysOptions
---@field aid string
---@field keys string name of the key set that the domain is given
---@field version? integer key version number; default: that of the set
---@field opened? SecurityDomain what sd.create gave
---@field state_later? boolean that it is PERSONALIZED is seen later, by whoever verifies it: a remote device is spared
---  two exchanges where the domain moves on by itself, as one does that was created without tag 84

--- Gives a new domain its first keys and makes it PERSONALIZED. Without keys of its own it takes the secure channel of
--- its parent, so it is opened with the parent's.
---@param parent SecurityDomain the domain that created it
---@param options FirstKeysOptions
function sd.first_keys(parent, options)
  errors.check_options("sd.first_keys", options, {
    aid = true, keys = true, version = true, opened = true, state_later = true,
  })
  local version = options.version or keys.info(options.keys).version
  local function open(key_set, key_version)
    return gp.open(parent.card, {
      aid = options.aid, keys = key_set, version = key_version, flavor = parent.flavor, level = parent.level,
    })
  end
  if sd.has_keys(parent.card, options.aid, version) then
    -- Some cards show the parent's keys as those of a domain that has none. Trying would cost an attempt, so: no.
    if sd.state(parent, options.aid) ~= "PERSONALIZED" and keys.info(parent.keys).version == version then
      errors.raise("card", ("domain %s shows keys of version %02X, and its parent has that version too, so they may be "
        .. "the parent's; give the domain's keys another version"):format(hex.encode(options.aid), version))
    end
  elseif sd.state(parent, options.aid) == "PERSONALIZED" then
    -- It has keys of its own, and trying the parent's would cost an attempt.
    errors.raise("card", ("domain %s has keys of its own, and none of version %02X; name the key set that it has, or "
      .. "see its keys with demo/inventory"):format(hex.encode(options.aid), version))
  else
    local domain = options.opened or open(parent.keys, parent.version)
    domain:put_key(options.keys, version, nil, parent)
    if options.state_later then return end
  end
  -- Some cards move on by themselves with the first keys, others wait until the domain itself says so; the same state
  -- twice is refused.
  if sd.state(parent, options.aid) ~= "PERSONALIZED" then
    open(options.keys, version):set_status(options.aid, PERSONALIZED)
  end
end

--- True if the domain or application is locked, or is not, as `locked` says; with `all`, everything below the domain
--- too. Raises card: neither a domain nor an application of this AID is there.
---@param by SecurityDomain that may list it
---@param aid string
---@param locked boolean
---@param all? boolean
---@return boolean
function sd.shows_lock(by, aid, locked, all)
  local found = by:entry(aid)
  if not found or found.kind == "elf" or found.kind == "isd" then
    errors.raise("card", "the card has no application or supplementary security domain " .. hex.encode(aid)
      .. "; see demo/inventory")
  end
  if found.locked ~= locked then return false end
  for _, entry in ipairs(all and registry.list(by:registry()) or {}) do
    if entry.kind ~= "elf" and entry.sd == aid and entry.aid ~= aid and entry.locked ~= locked then return false end
  end
  return true
end

--- Locks a domain or an application. Raises card also if it is locked already: look first.
---@param by SecurityDomain that may: the ISD, or the domain it belongs to
---@param aid string
---@param all? boolean with all applications of the domain
function sd.lock(by, aid, all)
  by:set_status(aid, LOCK, all and 0x60 or 0x40)
end

--- Unlocks a domain or an application: back to the state it was locked in.
---@param by SecurityDomain
---@param aid string
---@param all? boolean with all applications of the domain
function sd.unlock(by, aid, all)
  by:set_status(aid, UNLOCK, all and 0x60 or 0x40)
end

--- Deletes a domain. Not being there is success. Raises card: 6985, it still has applications or load files.
---@param by SecurityDomain
---@param aid string
function sd.delete(by, aid)
  by:delete(aid)
end

--- The four parts of a key rotation, for two steps: the new keys are added beside the old, or take their place if they
--- have the same version. At any moment the card has a set that we hold, and which it is, it shows by itself: see
--- cw/rotation.lua. Raises usage, before the card is touched: the two sets are the same keys, or cannot follow each
--- other; channel: the card has neither.
---@param card Card
---@param options RotateOptions
---@return Rotation
function sd.rotate(card, options)
  return rotation.plan(card, options)
end

return sd
