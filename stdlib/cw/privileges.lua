--- Privileges of security domains and applications: names and bytes (GPCS 11.1.2).
--- Needs nothing else: policies use it too, in a state without cards.

---@class cw.privileges
local privileges = {}

--- Name, byte (1..3) and bits, in the order of the tables. All bits of a mask must be set.
---@type {name: string, byte: integer, mask: integer}[]
privileges.all = {
  { name = "security domain", byte = 1, mask = 0x80 },
  { name = "DAP verification", byte = 1, mask = 0xC0 },
  { name = "delegated management", byte = 1, mask = 0xA0 },
  { name = "card lock", byte = 1, mask = 0x10 },
  { name = "card terminate", byte = 1, mask = 0x08 },
  { name = "card reset", byte = 1, mask = 0x04 },
  { name = "CVM management", byte = 1, mask = 0x02 },
  { name = "mandated DAP verification", byte = 1, mask = 0xC1 },
  { name = "trusted path", byte = 2, mask = 0x80 },
  { name = "authorized management", byte = 2, mask = 0x40 },
  { name = "token verification", byte = 2, mask = 0x20 },
  { name = "global delete", byte = 2, mask = 0x10 },
  { name = "global lock", byte = 2, mask = 0x08 },
  { name = "global registry", byte = 2, mask = 0x04 },
  { name = "final application", byte = 2, mask = 0x02 },
  { name = "global service", byte = 2, mask = 0x01 },
  { name = "receipt generation", byte = 3, mask = 0x80 },
  { name = "ciphered load file data block", byte = 3, mask = 0x40 },
  { name = "contactless activation", byte = 3, mask = 0x20 },
  { name = "contactless self-activation", byte = 3, mask = 0x10 },
}

local by_name = {}
for _, privilege in ipairs(privileges.all) do by_name[privilege.name] = privilege end

--- Byte and bits of one privilege, or nil if there is none of this name.
---@param name string
---@return {name: string, byte: integer, mask: integer}|nil
function privileges.find(name)
  return by_name[name]
end

-- Privileges as bytes, from bytes or from hex digits: 1 or 3 of the one, 2 or 6 of the other, so that they cannot be
-- confused. Two bytes are not allowed.
local function to_bytes(text)
  if #text == 1 or #text == 3 then return { text:byte(1, 3) } end
  if (#text == 2 or #text == 6) and text:match("^%x+$") then
    local bytes = {}
    for digits in text:gmatch("%x%x") do bytes[#bytes + 1] = tonumber(digits, 16) end
    return bytes
  end
  error("privileges are 1 or 3 bytes, or names (GPCS 11.1.2)", 3)
end

--- Bytes of privileges that are given as names { "security domain", "authorized management" }, as hex digits "804000",
--- or as bytes. Raises for a name that is none.
---@param given string[]|string
---@param size? integer 1 or 3 bytes wanted, default 3
---@return string bytes
function privileges.encode(given, size)
  local bytes = {}
  if type(given) == "string" then
    bytes = to_bytes(given)
  else
    for _, name in ipairs(given) do
      local privilege = by_name[name]
      if not privilege then error("there is no privilege '" .. tostring(name) .. "'", 2) end
      bytes[privilege.byte] = bit.bor(bytes[privilege.byte] or 0, privilege.mask)
    end
  end
  -- One byte cannot say what bytes 2 and 3 would: the card gives their defaults, and the object has fewer rights.
  if size == 1 then return string.char(bytes[1] or 0) end
  return string.char(bytes[1] or 0, bytes[2] or 0, bytes[3] or 0)
end

--- Names of what privilege bytes say; "DAP verification" is left out where it is mandated.
---@param bytes string 0..3 bytes
---@return string[]
function privileges.decode(bytes)
  local names = {}
  local mandated = bit.band(bytes:byte(1) or 0, 0xC1) == 0xC1
  for _, privilege in ipairs(privileges.all) do
    local has = bit.band(bytes:byte(privilege.byte) or 0, privilege.mask) == privilege.mask
    if has and not (mandated and privilege.name == "DAP verification") then names[#names + 1] = privilege.name end
  end
  return names
end

return privileges
