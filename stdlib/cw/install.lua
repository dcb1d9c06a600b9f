--- The INSTALL commands (GPCS 11.5): length-value fields, each with one length byte, a token with a BER length.
---
--- A token is bytes, as its issuer gave them, or keys.token "issuer.token", which custody makes over the command, or a
--- function that is given the command and returns one of these (cw.tokens).
local apdu = require "apdu"
local tlv = require "tlv"
local errors = require "cw.errors"
local privileges = require "cw.privileges"

---@alias Token string|Data|fun(command: Command): string|Data

---@class cw.install
local install = {}

local function token_field(token)
  if type(token) == "userdata" then return token end  -- custody makes its length, too
  if not token or token == "" then return "\0" end
  local size = #token
  if size < 128 then return string.char(size) .. token end
  if size < 256 then return "\129" .. string.char(size) .. token end
  return "\130" .. string.char(math.floor(size / 256), size % 256) .. token
end

local function command(p1, data, p2)
  return apdu.command { cla = 0x80, ins = 0xE6, p1 = p1, p2 = p2 or 0x00, data = data, le = 256 }
end

-- The command that `build` makes of a token's field.
local function tokened(token, build)
  if type(token) == "function" then token = token(build "\0") end
  return build(token_field(token))
end

-- P1 of the two INSTALL of a combined load, and their P2.
local COMBINED, FIRST, LAST = 0x0E, 0x01, 0x03

--- What the token of a command signs (GPCS C.4), for a server that makes it. The command may have a token already, or
--- none.
---@param of Command
---@param first? Command of a combined load the first INSTALL, where `of` is the last
---@return string
function install.token_input(of, first)
  return apdu.token_input(of, first)
end

---@class LoadFields
---@field elf string AID of the load file
---@field sd? string AID of the domain it is to belong to
---@field hash? string of the load file data block; with a token or a DAP block there has to be one
---@field parameters? string TLV
---@field token? Token
---@field combined? boolean install and make selectable with it: the first INSTALL, which has no token

local load_fields = { elf = true, sd = true, hash = true, parameters = true, token = true, combined = true }

--- INSTALL [for load].
---@param fields LoadFields
---@return Command
function install.for_load(fields)
  errors.check_options("install.for_load", fields, load_fields)
  if fields.combined and fields.token then
    errors.raise("usage", "install.for_load: the token of a combined load is in its last INSTALL")
  end
  local data = tlv.lv(fields.elf) .. tlv.lv(fields.sd or "") .. tlv.lv(fields.hash or "")
    .. tlv.lv(fields.parameters or "")
  return tokened(fields.token, function(field)
    return command(fields.combined and COMBINED or 0x02, data .. field, fields.combined and FIRST)
  end)
end

---@class InstallFields
---@field elf string AID of the load file
---@field module string AID of the module in it
---@field aid? string AID of the instance; default: the module's
---@field privileges? string[]|string names, hex digits or bytes; default: none
---@field parameters? string|Data|Secret what the applet gets, inside C9; default: nothing, and C9 is there all the same
---@field system? string more TLV beside C9, such as EF
---@field token? Token of delegated management
---@field selectable? boolean false: INSTALL [for install] alone
---@field combined? boolean the last INSTALL of a combined load; its token is keys.token(name, the first INSTALL)

local install_fields = {
  elf = true, module = true, aid = true, privileges = true, parameters = true, system = true, token = true,
  selectable = true, combined = true,
}

--- INSTALL [for install and make selectable], or [for install].
---@param fields InstallFields
---@param privilege_bytes? integer 1 or 3
---@return Command
function install.for_install(fields, privilege_bytes)
  errors.check_options("install", fields, install_fields)
  local parameters = tlv.build(0xC9, fields.parameters or "") .. (fields.system or "")
  local data = tlv.lv(fields.elf) .. tlv.lv(fields.module) .. tlv.lv(fields.aid or fields.module)
    .. tlv.lv(privileges.encode(fields.privileges or {}, privilege_bytes)) .. tlv.lv(parameters)
  local p1 = fields.combined and COMBINED or fields.selectable == false and 0x04 or 0x0C
  return tokened(fields.token, function(field) return command(p1, data .. field, fields.combined and LAST) end)
end

--- INSTALL [for make selectable].
---@param fields {aid: string, privileges?: string[]|string, parameters?: string, token?: Token}
---@param privilege_bytes? integer 1 or 3
---@return Command
function install.for_make_selectable(fields, privilege_bytes)
  local data = "\0\0" .. tlv.lv(fields.aid) .. tlv.lv(privileges.encode(fields.privileges or {}, privilege_bytes))
    .. tlv.lv(fields.parameters or "")
  return tokened(fields.token, function(field) return command(0x08, data .. field) end)
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
---@param token? Token
---@return Command
function install.for_extradition(aid, sd, token)
  local data = tlv.lv(sd) .. "\0" .. tlv.lv(aid) .. "\0\0"
  return tokened(token, function(field) return command(0x10, data .. field) end)
end

---@class RegistryUpdateFields
---@field aid? string
---@field sd? string new domain: extradition
---@field privileges? string[]|string new privileges; default: as they are
---@field parameters? string TLV, EF { ... }
---@field token? Token
---@field receipt? Receipt for SecurityDomain:registry_update

local update_fields = { aid = true, sd = true, privileges = true, parameters = true, token = true, receipt = true }

--- INSTALL [for registry update].
---@param fields RegistryUpdateFields
---@param privilege_bytes? integer 1 or 3
---@return Command
function install.for_registry_update(fields, privilege_bytes)
  errors.check_options("registry_update", fields, update_fields)
  local rights = fields.privileges and privileges.encode(fields.privileges, privilege_bytes) or ""
  local data = tlv.lv(fields.sd or "") .. "\0" .. tlv.lv(fields.aid or "") .. tlv.lv(rights)
    .. tlv.lv(fields.parameters or "")
  return tokened(fields.token, function(field) return command(0x40, data .. field) end)
end

return install
