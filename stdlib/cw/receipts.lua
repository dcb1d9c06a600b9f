--- Confirmations: what a card answers to card content management by token (GPCS 11.1.6). A confirmation carries a
--- receipt, which is the signature of the domain with Receipt Generation over what has been done (C.5), and a counter
--- that grows with each of them.
---
---   ssd:load(cap, { hash = "sha256", token = keys.token "issuer.token", receipt = "issuer.receipt" })
---   run:output("receipts", receipts.data(ssd.confirmations))
---
--- Checked here, and kept in the result of the run; the card's plain answer is in the run's journal as well.
local hex = require "hex"
local keys = require "keys"
local tlv = require "tlv"
local errors = require "cw.errors"

---@class cw.receipts
local receipts = {}

---@class Confirmation
---@field doing string what it confirms: "LOAD wallet.cap"
---@field receipt string signature
---@field data string confirmation data, which is signed
---@field counter integer
---@field sd_data string identification (42) and image number (45) of the domain that signed, one after the other
---@field token_id string|nil identifier of the token (93)
---@field digest string|nil of what the token signed

--- How the receipt of a command is checked: the name of the key in custody, or more.
---@class ReceiptOptions
---@field key string
---@field after? integer the last counter that is known of this card: the new one has to be greater
---@field sd_data? string what identifies the card's domain: 42 and 45, one after the other

---@alias Receipt string|ReceiptOptions

-- Length and value at a position, the length as BER.
local function take(bytes, at)
  local size = bytes:byte(at)
  if not size then return nil end
  at = at + 1
  if size >= 0x80 then
    local count = size - 0x80
    size = 0
    for i = 0, count - 1 do size = size * 256 + (bytes:byte(at + i) or 0) end
    at = at + count
  end
  if at + size - 1 > #bytes then return nil end
  return bytes:sub(at, at + size - 1), at + size
end

local function bad(doing, what)
  errors.raise("card", doing .. ": the card's confirmation " .. what)
end

--- The confirmation in the answer to INSTALL, the last LOAD or DELETE; nil if there is none (a single 00, or nothing).
--- Raises card: an answer that is no confirmation.
---@param answer string
---@param doing? string what was done, for messages
---@return Confirmation|nil
function receipts.parse(answer, doing)
  doing = doing or "card content management"
  if answer == "" or answer == "\0" then return nil end
  local confirmation, behind = take(answer, 1)
  if not confirmation or behind ~= #answer + 1 then bad(doing, "is cut: " .. hex.encode(answer)) end
  local receipt, at = take(confirmation, 1)
  if not receipt then bad(doing, "has no receipt: " .. hex.encode(answer)) end
  local data = confirmation:sub(at)
  local counter, next_at = take(data, 1)
  local sd_data
  if counter then sd_data, next_at = take(data, next_at) end
  if not sd_data or #counter ~= 2 then bad(doing, "has no counter and domain data: " .. hex.encode(answer)) end
  local token_id, digest
  token_id, at = take(data, next_at)
  if token_id then digest = take(data, at) end
  local high, low = counter:byte(1, 2)
  return {
    doing = doing, receipt = receipt, data = data, counter = 256 * high + low, sd_data = sd_data,
    token_id = token_id ~= "" and token_id or nil, digest = digest,
  }
end

--- The counter of a domain's next receipt (GET DATA C2), or nil if it makes none: for ReceiptOptions.after, one less.
---@param domain SecurityDomain with Receipt Generation: the ISD
---@return integer|nil
function receipts.counter(domain)
  local value = tlv.find(domain:get_data(0x00C2) or "", "C2")
  if not value or #value ~= 2 then return nil end
  local high, low = value:byte(1, 2)
  return 256 * high + low
end

--- What a receipt is over, beside the confirmation data: these, each with its length (GPCS C.5.1 to C.5.6).
---@param ... string
---@return string
function receipts.fields(...)
  local out = ""
  for _, field in ipairs { ... } do out = out .. tlv.lv(field) end
  return out
end

--- Checks a confirmation. Raises card: there is none; the counter did not grow; another card; a receipt of something
--- else.
---@param confirmation Confirmation|nil
---@param fields string receipts.fields of what was done
---@param how Receipt
---@param doing string
function receipts.check(confirmation, fields, how, doing)
  local options = type(how) == "table" and how or { key = how }
  if not confirmation then
    bad(doing, "is missing, and a receipt by '" .. options.key .. "' was asked for; does a domain of this card have "
      .. "Receipt Generation and a receipt key (version 71)?")
  end
  if options.after and confirmation.counter <= options.after then
    bad(doing, ("has the counter %d, and the last one known was %d: it is an old one, or of another card")
      :format(confirmation.counter, options.after))
  end
  if options.sd_data and confirmation.sd_data ~= options.sd_data then
    bad(doing, ("is of the domain %s, and not of %s: it is of another card")
      :format(hex.encode(confirmation.sd_data), hex.encode(options.sd_data)))
  end
  if not keys.verifies(options.key, confirmation.data .. fields, confirmation.receipt) then
    bad(doing, ("has a receipt that is not by '%s' over this: counter %d, domain %s, done %s")
      :format(options.key, confirmation.counter, hex.encode(confirmation.sd_data), hex.encode(fields)))
  end
end

--- Confirmations as data, for run:output.
---@param list Confirmation[]
---@return table[]
function receipts.data(list)
  local out = {}
  for i, one in ipairs(list) do
    out[i] = {
      doing = one.doing, counter = one.counter, receipt = hex.encode(one.receipt), data = hex.encode(one.data),
      token_id = one.token_id and hex.encode(one.token_id),
    }
  end
  return out
end

return receipts
