--- Delegated management, as the functions of a security domain share it: the token that goes with a command, and what
--- the card confirms (GPCS 9.1.3, 11.1.6).
local apdu = require "apdu"
local tlv = require "tlv"
local errors = require "cw.errors"
local receipts = require "cw.receipts"

---@class cw.delegation
local delegation = {}

--- What goes with a command of delegated management.
---@class Delegation
---@field token? Token
---@field receipt? Receipt checks what the card confirms
---@field reference? string DELETE: content of B6, which names the token (GPCS table 11-23)

local delegation_fields = { token = true, receipt = true, reference = true }

--- Options of one command.
---@param what string name of the function, for messages
---@param by string|Data|Delegation|nil a token alone is meant by bytes and by keys.token
---@return Delegation
function delegation.of(what, by)
  if type(by) ~= "table" then return { token = by } end
  errors.check_options(what, by, delegation_fields)
  return by
end

--- Checks what the card confirms, where that was asked for, and keeps it.
---@param domain SecurityDomain
---@param doing string
---@param answer string data
---@param receipt Receipt|nil
---@param fields string receipts.fields
function delegation.confirmed(domain, doing, answer, receipt, fields)
  if not receipt then return end
  local confirmation = receipts.parse(answer, doing)
  local how = type(receipt) == "table" and receipt or { key = receipt }
  local last = domain.confirmations[#domain.confirmations]
  if last and not how.after then how = { key = how.key, sd_data = how.sd_data, after = last.counter } end
  receipts.check(confirmation, fields, how, doing)
  domain.confirmations[#domain.confirmations + 1] = confirmation
end

--- DELETE of an object (GPCS 11.2).
---@param aid string
---@param p2 integer 0x80 with what belongs to it
---@param by Delegation
---@return Command
function delegation.delete_command(aid, p2, by)
  local data = tlv.build(0x4F, aid)
  if by.reference then data = data .. tlv.build(0xB6, by.reference) end
  local function command(field)
    return apdu.command { cla = 0x80, ins = 0xE4, p2 = p2, data = data .. field, le = 256 }
  end
  local token = by.token
  if type(token) == "function" then token = token(command "") end
  if type(token) == "userdata" then return command("\158" .. token) end  -- 9E; custody makes length and token
  return command(token and tlv.build(0x9E, token) or "")
end

return delegation
