--- The commands that load a file: INSTALL [for load] and its LOAD blocks, with DAP blocks ahead of the code (GPCS
--- 9.3.5, 11.5.2.3.1, 11.6).
local apdu = require "apdu"
local tlv = require "tlv"
local errors = require "cw.errors"
local install = require "cw.install"

---@class cw.load
local load = {}

---@class Dap who checks the load file, and by which signature: a key in custody makes it, or it is given as bytes
---@field domain string AID of the security domain that checks it
---@field key? string
---@field signature? string over the hash of the load file data block

---@class LoadOptions
---@field sd? string AID of the security domain that the load file is to belong to; default: this one
---@field hash? "sha1"|"sha256"|"sha384"|"sha512" lets the card check the load file data block; default: none, and
---  sha256 with a token or a DAP block, which need one
---@field parameters? string TLV; default: the flavor's
---@field token? Token of delegated management
---@field dap? Dap[] DAP blocks
---@field receipt? Receipt checks what the card confirms

local load_options = {
  sd = true, hash = true, parameters = true, token = true, dap = true, receipt = true,
}

-- The DAP blocks ahead of a load file.
local function dap_blocks(cap, daps, hash)
  local out = ""
  for i, dap in ipairs(daps) do
    errors.check_options("load: dap " .. i, dap, { domain = true, key = true, signature = true })
    if (dap.key == nil) == (dap.signature == nil) then
      errors.raise("usage", "load: dap " .. i .. " has either a key, which makes its signature, or a signature")
    end
    out = out .. (dap.key and cap:dap(dap.key, dap.domain, hash)
      or tlv.build(0xE2, tlv.build(0x4F, dap.domain) .. tlv.build(0xC3, dap.signature)))
  end
  return out
end

--- INSTALL [for load], which may be the first of a combined load, and all LOAD blocks.
---@param cap Cap
---@param options LoadOptions
---@param flavor Flavor
---@param max_data integer bytes of data in one LOAD
---@param combined? boolean
---@return Command[]
function load.commands(cap, options, flavor, max_data, combined)
  errors.check_options("load", options, load_options)
  local hash = options.hash or (options.token or options.dap or combined) and "sha256"
  local commands = { install.for_load {
    elf = cap.package_aid, sd = options.sd, hash = hash and cap:hash(hash),
    parameters = options.parameters or flavor.load_parameters, combined = combined,
    token = not combined and options.token or nil,
  } }
  local blocks = cap:blocks(max_data, options.dap and dap_blocks(cap, options.dap, hash))
  local count = #blocks
  for i = 1, count do
    -- P1 80 on the last block; P2 counts, and wraps after FF (GPCS 11.6.2).
    commands[#commands + 1] = apdu.command {
      cla = 0x80, ins = 0xE8, p1 = i == count and 0x80 or 0x00, p2 = (i - 1) % 256, data = blocks[i], le = 256,
    }
    blocks[i] = false  -- the command has it now, and a run may hold only so many handles
  end
  return commands
end

return load
