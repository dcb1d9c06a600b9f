--- Replacing the keys of a security domain, so that no tear leaves a card whose keys nobody knows. Use sd.rotate.
---
--- Two ways. Under a version of their own the new keys are added beside the old (PUT KEY with P1 = 0), and the old ones
--- deleted when the new are known to work. Under the old version they take its place (P1 = that version), all three in
--- one command. Either way the card is asked what it has - key information, then an authentication - and an answer that
--- was lost decides nothing.
---
--- In place the key information says the same before and after. But the card's answer to one INITIALIZE UPDATE can be
--- held against both sets, so it tells which of them it has, and neither costs it an attempt.
local hex = require "hex"
local keys = require "keys"
local errors = require "cw.errors"
local gp = require "cw.gp"
local objects = require "cw.objects"

---@class cw.rotation
local rotation = {}

-- From here on versions are by convention those of token, receipt, DAP and other keys: they open no channel.
local OTHER_KEYS = 0x70
local FACTORY = 0xFF

---@class RotateOptions
---@field aid string domain whose keys change; empty: the ISD
---@field from string name of the key set that is on the card
---@field to string name of the key set that is to be there
---@field version? integer key version number of the new set; default: that of `to`. That of `from`: it takes its place
---@field flavor? table run.flavor

---@class Rotation
---@field new_keys_work fun(): boolean the card lets us in with the new keys
---@field put_new_keys fun() puts them there, let in by the old ones
---@field old_keys_gone fun(): boolean the card no longer has the old ones
---@field delete_old_keys fun() deletes them, let in by the new ones

-- What the card shows of the domain's keys (GET DATA E0); nil if it shows nothing.
local function look(r)
  local seen = gp.look_at_keys(r.card, r.aid)
  if seen.sw ~= 0x9000 then
    errors.raise("card", ("rotating keys: the card does not select %s (%04X), so its keys cannot be looked at; see the "
      .. "card's registry with demo/inventory"):format(r.place, seen.sw), seen.sw)
  end
  return #seen.keys > 0 and seen.keys or nil
end

-- "30 (3 keys), 31 (1 key)".
local function versions_text(shown)
  if not shown then return "no key information" end
  local parts, seen = {}, {}
  for _, key in ipairs(shown) do
    if not seen[key.version] then
      seen[key.version] = true
      local count = objects.count_version(shown, key.version)
      parts[#parts + 1] = ("%02X (%d %s)"):format(key.version, count, count == 1 and "key" or "keys")
    end
  end
  return "key version " .. table.concat(parts, ", ")
end

local function raise_undecided(r, shown, why)
  errors.raise("channel", ("rotating keys of %s from '%s' (version %02X) to '%s' (version %02X): %s; the card shows "
    .. "%s; nothing more is tried")
    :format(r.place, r.from, r.old_version, r.to, r.new_version, why, versions_text(shown)))
end

-- Opens the domain. Keys that the card does not have end the rotation: trying others would cost attempts.
local function open(r, shown, set, version, or_keys)
  local ok, opened = pcall(gp.open, r.card, {
    aid = r.aid, keys = set, or_keys = or_keys, version = version, flavor = r.flavor,
  })
  if ok then return opened end
  if type(opened) == "table" and opened.kind == "channel" then raise_undecided(r, shown, opened.message) end
  error(opened, 0)
end

-- Whether the domain has all three keys of a version. Where the card does not show it, INITIALIZE UPDATE does: 6A88.
local function has(r, shown, set, version)
  if shown then return objects.count_version(shown, version) >= 3 end
  local ok, failure = pcall(open, r, shown, set, version)
  if not ok and (type(failure) ~= "table" or failure.sw ~= 0x6A88) then error(failure, 0) end
  return ok
end

-- Some, but not all keys of the new version, and of its kind: another host put them there one by one, and was torn.
local function half_put(r, shown)
  local count = 0
  for _, key in ipairs(shown or {}) do
    if key.version == r.new_version then
      local part = key.components[1]
      if r.new_version >= OTHER_KEYS or not part or part.type ~= r.key_type or part.length ~= r.key_size then
        errors.raise("card", ("rotating keys of %s: it has a key of version %02X that is none of '%s'; give the new "
          .. "set another version"):format(r.place, r.new_version, r.to))
      end
      count = count + 1
    end
  end
  return count > 0 and count < 3
end

-- New keys beside the old.
local function beside(r)
  return {
    new_keys_work = function()
      local shown = look(r)
      if not has(r, shown, r.to, r.new_version) then return false end
      open(r, shown, r.to, r.new_version)
      return true
    end,
    put_new_keys = function()
      local shown = look(r)
      if shown and objects.count_version(shown, r.old_version) < 3 then
        raise_undecided(r, shown, "the card has neither version")
      end
      local half = half_put(r, shown)
      local domain = open(r, shown, r.from, r.old_version)
      if half then domain:delete_keys(r.new_version) end
      domain:put_key(r.to, r.new_version)
    end,
    old_keys_gone = function()
      local shown = look(r)
      if shown then return objects.count_version(shown, r.old_version) == 0 end
      return not has(r, shown, r.from, r.old_version)
    end,
    delete_old_keys = function() open(r, nil, r.to, r.new_version):delete_keys(r.old_version) end,
  }
end

-- New keys in the place of the old.
local function in_place(r)
  local domain  -- open, with the keys that the card has
  local function works()
    if not domain then
      local shown = look(r)
      if shown and objects.count_version(shown, r.new_version) < 3 then
        raise_undecided(r, shown, "the card does not have this version")
      end
      domain = open(r, shown, r.to, r.new_version, r.from)
    end
    return domain.keys == r.to
  end
  return {
    new_keys_work = works,
    put_new_keys = function()
      if works() then return end
      local old = domain
      domain = nil  -- from here on only the card can tell
      old:put_key(r.to, r.new_version, r.old_version)
    end,
    old_keys_gone = works,
    delete_old_keys = function() end,
  }
end

local function usage(message) errors.raise("usage", "sd.rotate: " .. message) end

-- What can be known before the card is touched.
local function check_sets(r)
  local old, new = keys.info(r.from), keys.info(r.to)
  r.old_version, r.new_version = old.version, r.version or new.version
  r.key_type, r.key_size = new.type == "aes" and 0x88 or 0x80, new.size
  if r.old_version == 0 or r.new_version == 0 then
    usage("both key sets need a fixed key version number, so that the card can show which it has")
  end
  local same = #old.kcvs > 0 and #old.kcvs == #new.kcvs
  for i, kcv in ipairs(old.kcvs) do same = same and kcv == new.kcvs[i] end
  if same or r.from == r.to then
    usage(("'%s' and '%s' are the same keys, so nothing would change; name the key set that the card is to have")
      :format(r.from, r.to))
  end
  if r.old_version == r.new_version then
    if r.old_version == FACTORY then
      usage("keys of version FF are the factory's and cannot be replaced in place; give the new set another version")
    end
    if old.type ~= new.type or old.size ~= new.size then
      usage(("a card replaces keys by others of the same type and size, and '%s' are %s of %d bytes, '%s' %s of %d; "
        .. "give the new set another version")
        :format(r.from, old.type:upper(), old.size, r.to, new.type:upper(), new.size))
    end
  end
end

--- The four parts of a key rotation, for two steps.
---@param card Card
---@param options RotateOptions
---@return Rotation
function rotation.plan(card, options)
  errors.check_options("sd.rotate", options, { aid = true, from = true, to = true, version = true, flavor = true })
  local r = { card = card }
  for name, value in pairs(options) do r[name] = value end
  r.place = r.aid == "" and "the issuer security domain" or "domain " .. hex.encode(r.aid)
  check_sets(r)
  return r.old_version == r.new_version and in_place(r) or beside(r)
end

return rotation
