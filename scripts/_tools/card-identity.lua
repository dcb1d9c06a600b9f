--- By what `cardwright batch` knows a card again. Opens no secure channel and tries no key.
---
--- Prints one line, or nothing if the card tells nothing of the kind. Of the CPLC only what the chip's maker wrote is
--- taken: the other fields change when a card is personalized.
local gp = require "cw.gp"
local hex = require "hex"
local objects = require "cw.objects"
local tlv = require "tlv"

--- Bytes that are all 00 or all FF were never written, so every card of the kind has them.
local function is_written(bytes)
  return bytes ~= nil and bytes:find("[^\0]") ~= nil and bytes:find("[^\255]") ~= nil
end

local function chip(data)
  local cplc = objects.cplc(data)
  if not cplc or not is_written(hex.decode(cplc.ic_serial_number)) then return nil end
  return "CPLC-" .. cplc.ic_fabricator .. cplc.ic_type .. cplc.ic_fabrication_date .. cplc.ic_serial_number
    .. cplc.ic_batch_identifier
end

local function object(run, tag, name)
  local data = gp.get_data(run.card, tag)
  if not data then return nil end
  local value = tlv.find(data, ("%02X"):format(tag)) or data
  return is_written(value) and name .. "-" .. hex.encode(value) or nil
end

return {
  name = "_tools/card-identity",
  summary = "By what a batch knows a card again",

  run = function(run)
    gp.try_select(run.card, "")
    local cplc = gp.get_data(run.card, 0x9F7F)
    local identity = cplc and chip(cplc) or object(run, 0x45, "CIN") or object(run, 0xCF, "KDD")
    if identity then run:print("%s", identity) end
  end,
}
