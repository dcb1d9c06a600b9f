--- Data objects that a card tells about itself, taken apart: CPLC, key information, card data (GPCS annex H).
local apdu = require "apdu"
local hex = require "hex"
local tlv = require "tlv"

---@class cw.objects
local objects = {}

--- GET DATA (GPCS 11.3).
---@param tag integer 0..0xFFFF
---@param of? string what of it is asked for, as the key whose certificates BF21 is to give
---@return Command
function objects.get_data(tag, of)
  return apdu.command { cla = 0x80, ins = 0xCA, p1 = math.floor(tag / 256), p2 = tag % 256, data = of, le = 256 }
end

-- Names and lengths of the CPLC fields in their order (GlobalPlatform Card Mapping Guidelines; 42 bytes). Dates are
-- often not the BCD they should be, so all fields stay hex.
local cplc_fields = {
  { "ic_fabricator", 2 }, { "ic_type", 2 }, { "os_id", 2 }, { "os_release_date", 2 }, { "os_release_level", 2 },
  { "ic_fabrication_date", 2 }, { "ic_serial_number", 4 }, { "ic_batch_identifier", 2 },
  { "ic_module_fabricator", 2 }, { "ic_module_packaging_date", 2 }, { "icc_manufacturer", 2 },
  { "ic_embedding_date", 2 }, { "ic_pre_personalizer", 2 }, { "ic_pre_perso_equipment_date", 2 },
  { "ic_pre_perso_equipment_id", 4 }, { "ic_personalizer", 2 }, { "ic_personalization_date", 2 },
  { "ic_perso_equipment_id", 4 },
}

--- Names of the CPLC fields, in the order in which they stand on the card.
---@type string[]
objects.cplc_names = {}
for i, field in ipairs(cplc_fields) do objects.cplc_names[i] = field[1] end

--- Card production life cycle data (GET DATA 9F7F): field name to hex digits; nil if it has not the 42 bytes of one.
---@param data string with or without tag 9F7F
---@return table<string, string>|nil
function objects.cplc(data)
  local value = tlv.find(data, "9F7F") or data
  if #value ~= 42 then return nil end
  local out, at = {}, 1
  for _, field in ipairs(cplc_fields) do
    out[field[1]] = hex.encode(value:sub(at, at + field[2] - 1))
    at = at + field[2]
  end
  return out
end

---@class CardKey
---@field id integer key identifier
---@field version integer key version number
---@field components {type: integer, length: integer}[] type as in GPCS table 11-16: 80 DES, 88 AES; length in bytes

-- Extended form (GPCS 11.3.3.1): FF, type, length of two bytes; then usage and access, which are left alone.
local function extended_components(value)
  local out, at = {}, 3
  while value:byte(at) == 0xFF and at + 3 <= #value do
    local kind, high, low = value:byte(at + 1, at + 3)
    out[#out + 1] = { type = kind, length = 256 * high + low }
    at = at + 4
  end
  return out
end

local function short_components(value)
  local out = {}
  for at = 3, #value - 1, 2 do
    local kind, length = value:byte(at, at + 1)
    out[#out + 1] = { type = kind, length = length }
  end
  return out
end

--- Key information template (GET DATA 00E0): E0 { C0 id version (type length)... }. Short and extended entries may mix.
---@param data string
---@return CardKey[]
function objects.key_info(data)
  local keys = {}
  for _, template in ipairs(tlv.parse(data)) do
    for _, object in ipairs(template.tag == 0xE0 and template.children or {}) do
      if object.tag == 0xC0 and #object.value >= 2 then
        local id, version, first = object.value:byte(1, 3)
        local components = first == 0xFF and extended_components(object.value) or short_components(object.value)
        keys[#keys + 1] = { id = id, version = version, components = components }
      end
    end
  end
  return keys
end

-- GPCS table 11-16.
local key_types = {
  [0x80] = "DES", [0x85] = "TLS PSK", [0x88] = "AES", [0xA0] = "RSA e", [0xA1] = "RSA n", [0xB0] = "ECC public",
  [0xB1] = "ECC private", [0xF0] = "ECC curve",
}

objects.key_columns = { "version", "id", "key" }

--- Rows for log.table, under objects.key_columns.
---@param keys CardKey[]
---@return string[][]
function objects.key_rows(keys)
  local rows = {}
  for i, key in ipairs(keys) do
    local parts = {}
    for j, part in ipairs(key.components) do
      parts[j] = ("%s, %d bytes"):format(key_types[part.type] or ("type %02X"):format(part.type), part.length)
    end
    rows[i] = { ("%02X"):format(key.version), ("%02X"):format(key.id), table.concat(parts, " + ") }
  end
  return rows
end

--- How many keys of a version there are.
---@param keys CardKey[]
---@param version integer
---@return integer
function objects.count_version(keys, version)
  local count = 0
  for _, key in ipairs(keys) do
    if key.version == version then count = count + 1 end
  end
  return count
end

--- Dotted text of an object identifier's bytes (X.690 8.19).
---@param bytes string
---@return string
function objects.oid(bytes)
  local numbers, value = {}, 0
  for i = 1, #bytes do
    local byte = bytes:byte(i)
    value = value * 128 + byte % 128
    if byte < 128 then
      if #numbers == 0 then
        local first = math.min(math.floor(value / 40), 2)
        numbers[1], value = first, value - 40 * first
      end
      numbers[#numbers + 1] = value
      value = 0
    end
  end
  return table.concat(numbers, ".")
end

local global_platform = "1.2.840.114283."

---@class CardData
---@field gp_version string|nil "2.3"
---@field scp {scp: integer, i: integer}[] secure channel protocols that the card claims
---@field chip string|nil OID
---@field configuration string|nil OID

--- Card recognition data (GET DATA 0066, GPCS H.2): 66 { 73 { 06, 60, 63, 64..., 65, 66 } }.
---@param data string
---@return CardData|nil nil if there is no tag 73 in it
function objects.card_data(data)
  local inside = tlv.find(data, "66/73")
  if not inside then return nil end
  local out = { scp = {} }
  for _, object in ipairs(tlv.parse(inside)) do
    local inner = object.children and object.children[1]
    local oid = inner and inner.tag == 0x06 and objects.oid(inner.value) or ""
    local tail = oid:sub(1, #global_platform) == global_platform and oid:sub(#global_platform + 1) or ""
    if object.tag == 0x60 then
      out.gp_version = tail:match("^2%.(.+)$")
    elseif object.tag == 0x64 then
      local scp, i = tail:match("^4%.(%d+)%.(%d+)$")
      if scp then out.scp[#out.scp + 1] = { scp = tonumber(scp), i = tonumber(i) } end
    elseif object.tag == 0x65 and oid ~= "" then
      out.configuration = oid
    elseif object.tag == 0x66 and oid ~= "" then
      out.chip = oid
    end
  end
  return out
end

return objects
