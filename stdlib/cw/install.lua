--- The INSTALL commands (GPCS 11.5): length-value fields, each with one length byte, a token with a BER length.
local apdu = require "apdu"
local tlv = require "tlv"
local errors = require "cw.errors"
local privileges = require "cw.privileges"

---@class cw.install
local install = {}

local function token_field(token)
  if not token or token == "" then return "\0" end
  local size = #token
  if size < 128 then return string.char(size) .. token end
  if size < 256 then return "\129" .. string.char(size) .. token end
  return "\130" .. string.char(math.floor(size / 256), size % 256) .. token
end

local function command(p1, data)
  return apdu.command { cla = 0x80, ins = 0xE6, p1 = p1, p2 = 0x00, data = data, le = 256 }
end

--- INSTALL [for load].
---@param fields {elf: string, sd?: string, hash?: string, parameters?: string, token?: string}
---@return Command
function install.for_load(fields)
  return command(0x02, tlv.lv(fields.elf) .. tlv.lv(fields.sd or "") .. tlv.lv(fields.hash or "")
    .. tlv.lv(fields.parameters or "") .. token_field(fields.token))
end

---@class InstallFields
---@field elf string AID of the load file
---@field module string AID of the module in it
---@field aid? string AID of the instance; default: the module's
---@field privileges? string[]|string names, hex digits or bytes; default: none
---@field parameters? string|Data|Secret what the applet gets, inside C9; default: nothing, and C9 is there all the same
---@field system? string more TLV beside C9, such as EF
---@field token? string of delegated management
---@field selectable? boolean false: INSTALL [for install] alone

local install_fields = {
  elf = true, module = true, aid = true, privileges = true, parameters = true, system = true, token = true,
  selectable = true,
}

--- INSTALL [for install and make selectable], or [for install].
---@param fields InstallFields
---@param privilege_bytes? integer 1 or 3
---@return Command
function install.for_install(fields, privilege_bytes)
  errors.check_options("install", fields, install_fields)
  local parameters = tlv.build(0xC9, fields.parameters or "") .. (fields.system or "")
  return command(fields.selectable == false and 0x04 or 0x0C,
    tlv.lv(fields.elf) .. tlv.lv(fields.module) .. tlv.lv(fields.aid or fields.module)
    .. tlv.lv(privileges.encode(fields.privileges or {}, privilege_bytes))
    .. tlv.lv(parameters) .. token_field(fields.token))
end

--- INSTALL [for personalization]; no token.
---@param aid string application that the STORE DATA are for
---@return Command
function install.for_personalization(aid)
  return command(0x20, "\0\0" .. tlv.lv(aid) .. "\0\0\0")
end

--- INSTALL [for extradition].
---@param aid string application or load file
---@param sd string AID of the domain it goes to
---@param token? string
---@return Command
function install.for_extradition(aid, sd, token)
  return command(0x10, tlv.lv(sd) .. "\0" .. tlv.lv(aid) .. "\0\0" .. token_field(token))
end

---@class RegistryUpdateFields
---@field aid? string
---@field sd? string new domain: extradition
---@field privileges? string[]|string new privileges; default: as they are
---@field parameters? string TLV, EF { ... }
---@field token? string

local update_fields = { aid = true, sd = true, privileges = true, parameters = true, token = true }

--- INSTALL [for registry update].
---@param fields RegistryUpdateFields
---@param privilege_bytes? integer 1 or 3
---@return Command
function install.for_registry_update(fields, privilege_bytes)
  errors.check_options("registry_update", fields, update_fields)
  local rights = fields.privileges and privileges.encode(fields.privileges, privilege_bytes) or ""
  return command(0x40, tlv.lv(fields.sd or "") .. "\0" .. tlv.lv(fields.aid or "") .. tlv.lv(rights)
    .. tlv.lv(fields.parameters or "") .. token_field(fields.token))
end

return install
