--- The card's registry: what GET STATUS answers, as tables (GPCS 11.4).
local hex = require "hex"
local tlv = require "tlv"
local privileges = require "cw.privileges"

---@class cw.registry
local registry = {}

--- One object of the registry. Fields beyond aid, kind and state are there if the card tells them.
---@class Entry
---@field aid string
---@field kind "isd"|"sd"|"app"|"elf" issuer or other security domain, application, executable load file
---@field state string life cycle state by name (GPCS 5): "PERSONALIZED"; LOCKED hides the state beneath
---@field state_byte integer
---@field locked boolean
---@field privileges string[] names
---@field privilege_bytes string as the card gave them: 0, 1 or 3 bytes
---@field elf string|nil AID of the load file that an application comes from (C4)
---@field sd string|nil AID of the associated security domain (CC)
---@field version string|nil of a load file: "1.0" (CE)
---@field modules string[] AIDs of a load file's modules (84)

--- Registry entries by AID.
---@alias Registry table<string, Entry>

--- P1 of GET STATUS.
registry.scopes = { isd = 0x80, applications = 0x40, load_files = 0x20, load_files_and_modules = 0x10 }

-- GPCS 5.1, 5.3: card, security domain, application, load file.
local states = {
  isd = { [0x01] = "OP_READY", [0x07] = "INITIALIZED", [0x0F] = "SECURED", [0x7F] = "CARD_LOCKED",
          [0xFF] = "TERMINATED" },
  sd = { [0x03] = "INSTALLED", [0x07] = "SELECTABLE", [0x0F] = "PERSONALIZED" },
  app = { [0x03] = "INSTALLED", [0x07] = "SELECTABLE" },
  elf = { [0x01] = "LOADED" },
}

local function state_name(kind, state)
  local name = states[kind][state]
  if name then return name end
  if kind == "app" and bit.band(state, 0x87) == 0x07 then return ("APPLICATION SPECIFIC %02X"):format(state) end
  return ("UNKNOWN %02X"):format(state)
end

local function kind_of(scope, privilege_bytes)
  if scope == registry.scopes.isd then return "isd" end
  if scope ~= registry.scopes.applications then return "elf" end
  local is_sd = bit.band(privilege_bytes:byte(1) or 0, 0x80) ~= 0
  return is_sd and "sd" or "app"
end

local function make_entry(scope, aid, state, privilege_bytes)
  local kind = kind_of(scope, privilege_bytes)
  local locked = (kind == "sd" or kind == "app") and bit.band(state, 0x80) ~= 0
  return {
    aid = aid,
    kind = kind,
    state = locked and "LOCKED" or state_name(kind, state),
    state_byte = state,
    locked = locked,
    privileges = privileges.decode(privilege_bytes),
    privilege_bytes = privilege_bytes,
    modules = {},
  }
end

--- Entries in the joined pages of one GET STATUS in TLV form (P2 b2, GPCS 11.4.3): E3 { 4F, 9F70, C5, ... }. Join
--- before parsing: a card may cut a page inside an entry.
---@param scope integer P1 of the command
---@param data string
---@return Entry[]
function registry.parse(scope, data)
  local entries = {}
  for _, object in ipairs(tlv.parse(data)) do
    if object.tag == 0xE3 then
      local fields, modules = {}, {}
      for _, field in ipairs(object.children or {}) do
        if field.tag == 0x84 then
          modules[#modules + 1] = field.value
        else
          fields[field.tag] = field.value
        end
      end
      -- 9F70 is two bytes on some cards; the first is the state.
      local state = (fields[0x9F70] or "\0"):byte(1) or 0
      local entry = make_entry(scope, fields[0x4F] or "", state, fields[0xC5] or "")
      entry.elf, entry.sd, entry.modules = fields[0xC4], fields[0xCC], modules
      local version = fields[0xCE]
      if version and #version == 2 then entry.version = ("%d.%d"):format(version:byte(1, 2)) end
      entries[#entries + 1] = entry
    end
  end
  return entries
end

--- The same for the form of old cards (P2 b2 clear): length, AID, state, privileges; with the scope of
--- modules a count and length, AID of each.
---@param scope integer
---@param data string
---@return Entry[]
function registry.parse_legacy(scope, data)
  local entries, at = {}, 1
  local function take(count)
    local bytes = data:sub(at, at + count - 1)
    at = at + count
    return bytes
  end
  local function take_byte() return take(1):byte() or 0 end

  while at <= #data do
    local aid = take(take_byte())
    local state = take_byte()
    local privilege_byte = take(1)  -- of load files too, where it means nothing
    local is_file = scope == registry.scopes.load_files or scope == registry.scopes.load_files_and_modules
    local entry = make_entry(scope, aid, state, is_file and "" or privilege_byte)
    if scope == registry.scopes.load_files_and_modules then
      for _ = 1, take_byte() do entry.modules[#entry.modules + 1] = take(take_byte()) end
    end
    entries[#entries + 1] = entry
  end
  return entries
end

--- Puts entries into a registry. An entry with modules takes the place of one without.
---@param into Registry
---@param entries Entry[]
function registry.add(into, entries)
  for _, entry in ipairs(entries) do
    local known = into[entry.aid]
    if not known or #entry.modules >= #known.modules then into[entry.aid] = entry end
  end
end

local rank = { isd = 1, sd = 2, app = 3, elf = 4 }

--- The entries as a list for people: domains, applications, load files; each by AID.
---@param all Registry
---@return Entry[]
function registry.list(all)
  local list = {}
  for _, entry in pairs(all) do list[#list + 1] = entry end
  table.sort(list, function(a, b)
    if a.kind ~= b.kind then return rank[a.kind] < rank[b.kind] end
    return a.aid < b.aid
  end)
  return list
end

registry.columns = { "AID", "kind", "state", "version", "domain", "privileges" }

--- Rows for log.table, under registry.columns. Privileges are bytes, as in GPCS 11.1.2: their names, which
--- registry.data has, are more than a line.
---@param all Registry
---@return string[][]
function registry.rows(all)
  local rows = {}
  for _, entry in ipairs(registry.list(all)) do
    rows[#rows + 1] = { hex.encode(entry.aid), entry.kind, entry.state, entry.version or "",
                        entry.sd and hex.encode(entry.sd) or "", hex.encode(entry.privilege_bytes) }
  end
  return rows
end

--- The same as data for log.result: AIDs in hex.
---@param all Registry
---@return table[]
function registry.data(all)
  local out = {}
  for i, entry in ipairs(registry.list(all)) do
    local modules = {}
    for _, aid in ipairs(entry.modules) do modules[#modules + 1] = hex.encode(aid) end
    out[i] = {
      aid = hex.encode(entry.aid), kind = entry.kind, state = entry.state, version = entry.version,
      elf = entry.elf and hex.encode(entry.elf), sd = entry.sd and hex.encode(entry.sd),
      privileges = #entry.privileges > 0 and entry.privileges or nil, modules = #modules > 0 and modules or nil,
    }
  end
  return out
end

return registry
