--- What `cardwright card info` shows: what a card tells everybody. Opens no secure channel and tries no key.
local gp = require "cw.gp"
local hex = require "hex"
local json = require "json"
local objects = require "cw.objects"
local tlv = require "tlv"

local function protocols(card_data)
  local out = {}
  for i, protocol in ipairs(card_data.scp) do out[i] = ("SCP%02X i=%02X"):format(protocol.scp, protocol.i) end
  return table.concat(out, ", ")
end

local function identity_rows(run, selected, data)
  local rows = {
    { "reader", run.card.reader },
    { "ATR", hex.encode(run.card.atr) },
    { "selected", hex.encode(tlv.find(selected, "6F/84") or "") },
  }
  local function add(name, value)
    if value then rows[#rows + 1] = { name, value } end
  end
  add("IIN", data.iin and hex.encode(tlv.find(data.iin, "42") or data.iin))
  add("CIN", data.cin and hex.encode(tlv.find(data.cin, "45") or data.cin))
  local card_data = data.card_data and objects.card_data(data.card_data)
  if card_data then
    add("GlobalPlatform", card_data.gp_version)
    add("secure channels", protocols(card_data))
    add("configuration", card_data.configuration)
    add("chip", card_data.chip)
  end
  return rows
end

local function cplc_rows(cplc)
  local rows = {}
  for i, name in ipairs(objects.cplc_names) do rows[i] = { (name:gsub("_", " ")), cplc[name] } end
  return rows
end

local function raw(data)
  local out = {}
  for name, bytes in pairs(data) do out[name] = hex.encode(bytes) end
  return out
end

return {
  name = "_tools/card-info",
  summary = "What a card tells everybody",

  run = function(run)
    local selected = gp.select(run.card, "")
    local data = gp.read_objects(run.card)
    local cplc = data.cplc and objects.cplc(data.cplc)
    local keys = objects.key_info(data.key_information or "")

    run:table("card", { "", "" }, identity_rows(run, selected, data))
    if #keys > 0 then run:table("keys", objects.key_columns, objects.key_rows(keys)) end
    if cplc then run:table("CPLC", { "", "" }, cplc_rows(cplc)) end

    run:output("reader", run.card.reader)
    run:output("atr", hex.encode(run.card.atr))
    run:output("selected", hex.encode(selected))
    run:output("objects", raw(data))
    run:output("keys", json.array(keys))
    if cplc then run:output("cplc", cplc) end
    if data.card_data then run:output("card_data", objects.card_data(data.card_data)) end
  end,
}
