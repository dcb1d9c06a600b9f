--- Shows what a card says about itself and all of its registry, as tables, and with --json as data. Changes nothing.
---
---   $ cardwright run demo/inventory --card sim --card-state card.json
---   data objects
---   tag   object                value
---   9F7F  cplc                  9F7F2A0000000000000000000000000000000100000000000000000000000000000000000000000000...
---   0042  iin                   42050000000001
---   0045  cin                   450A00000000000000000001
---   0066  card_data             663E733C06072A864886FC6B01600C060A2A864886FC6B02020301630906072A864886FC6B03640B06...
---   0067  card_capabilities     672CA009800102810415355575A00F8001038107001020306070718201078103FFFE8082031E160083...
---   00E0  key_information       E024C00401308810C00402308810C00403308810C00401208010C00402208010C00403208010
---   00C1  sequence_counter      C103000008
---   00CF  diversification_data  CF0A00000000000000000001
---   FF21  free_memory           FF210F81010282040003F626830400001FA0
---
---   keys of the ISD
---   version  id  key
---   30       01  AES, 16 bytes
---   30       02  AES, 16 bytes
---   30       03  AES, 16 bytes
---   20       01  DES, 16 bytes
---   20       02  DES, 16 bytes
---   20       03  DES, 16 bytes
---
---   registry
---   AID               kind  state         version  domain            privileges
---   A000000151000000  isd   OP_READY               A000000151000000  9EFE80
---   F063617264770001  sd    PERSONALIZED           A000000151000000  800000
---   F063617264770101  app   SELECTABLE             F063617264770001  000000
---   A00000015141434C  elf   LOADED        255.255  A000000151000000
---   A0000001515350    elf   LOADED        255.255  A000000151000000
---   F0636172647701    elf   LOADED        1.0      F063617264770001
---
---   done, 17 commands, 8 ms
local cards = require "cw.registry"
local gp = require "cw.gp"
local hex = require "hex"
local json = require "json"
local objects = require "cw.objects"

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
    local data = gp.read_objects(run.card, run.flavor.isd_aid)
    local keys = objects.key_info(data.key_information or "")

    local isd = gp.open(run.card, { keys = run.args.isd_keys, flavor = run.flavor })
    local registry = isd:registry()

    run:table("data objects", { "tag", "object", "value" }, object_rows(data))
    run:table("keys of the ISD", objects.key_columns, objects.key_rows(keys))
    run:table("registry", cards.columns, cards.rows(registry))
    run:output("card", decode(data))
    run:output("keys", json.array(keys))
    run:output("registry", json.array(cards.data(registry)))
  end,
}
