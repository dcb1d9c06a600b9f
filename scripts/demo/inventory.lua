--- Shows what a card says about itself and all of its registry, as tables and as data. Changes nothing.
---
---   $ cardwright run demo/inventory --card sim
local cards = require "cw.registry"
local gp = require "cw.gp"
local hex = require "hex"
local json = require "json"
local objects = require "cw.objects"

local key_types = { [0x80] = "DES", [0x85] = "TLS PSK", [0x88] = "AES", [0xA0] = "RSA e", [0xA1] = "RSA n",
                    [0xB0] = "ECC public", [0xB1] = "ECC private", [0xF0] = "ECC curve" }

local function key_rows(keys)
  local rows = {}
  for _, key in ipairs(keys) do
    local parts = {}
    for i, part in ipairs(key.components) do
      parts[i] = ("%s, %d bytes"):format(key_types[part.type] or ("type %02X"):format(part.type), part.length)
    end
    rows[#rows + 1] = { ("%02X"):format(key.version), ("%02X"):format(key.id), table.concat(parts, " + ") }
  end
  return rows
end

--- What the objects mean, where that is known; all of them as hex too.
local function decode(data)
  local out = { raw = {} }
  for name, bytes in pairs(data) do out.raw[name] = hex.encode(bytes) end
  if data.cplc then out.cplc = objects.cplc(data.cplc) end
  if data.card_data then out.card_data = objects.card_data(data.card_data) end
  if data.free_memory then out.free_memory = gp.free_memory(data.free_memory) end
  return out
end

local function object_rows(data)
  local rows = {}
  for _, object in ipairs(gp.objects) do
    local bytes = data[object.name]
    if bytes then rows[#rows + 1] = { ("%04X"):format(object.tag), object.name, hex.encode(bytes) } end
  end
  return rows
end

return {
  name = "demo/inventory",
  summary = "Read a card's data objects, keys and registry",

  args = {
    isd_keys = { type = "key", help = "keys of the issuer security domain", default = "isd" },
  },
  needs = { keys = { "$isd_keys" } },

  run = function(run)
    -- What the card tells everybody, before a channel is opened.
    gp.select(run.card, run.flavor.isd_aid)
    local data = gp.read_objects(run.card)
    local keys = objects.key_info(data.key_information or "")

    local isd = gp.open(run.card, { keys = run.args.isd_keys, flavor = run.flavor })
    local registry = isd:registry()

    run:table("data objects", { "tag", "object", "value" }, object_rows(data))
    run:table("keys of the ISD", { "version", "id", "key" }, key_rows(keys))
    run:table("registry", cards.columns, cards.rows(registry))
    run:output("card", decode(data))
    run:output("keys", json.array(keys))
    run:output("registry", json.array(cards.data(registry)))
  end,
}
