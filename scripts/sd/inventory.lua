--- Holds a card's security domains against what we keep of them (cardwright domain list) and what their issuers told
--- us, and says what brings the three together, as data. Changes nothing on the card. With the ISD's keys its
--- registry is read; without, each domain that we know of is selected.
---
---   $ cardwright run sd/inventory --card sim --card-state card.json --set isd_keys=isd
---   domains
---   AID               kept  told  card     what follows
---   F063617264770001              present  the card has it, and we know of no such domain
---
---   done, 6 commands, 1 ms
local domains = require "domains"
local gp = require "cw.gp"
local hex = require "hex"
local inventory = require "cw.inventory"
local json = require "json"

local columns = { "AID", "kept", "told", "card", "what follows" }

return {
  name = "sd/inventory",
  summary = "Compare a card's security domains with what is kept of them, and plan the repair",

  args = {
    isd_keys = { type = "key", help = "keys of the issuer security domain; without, SELECT alone", optional = true },
    keep = { type = "boolean", help = "keep what the card shows, where it is right", default = false },
  },
  needs = { keys = { "$isd_keys" } },

  run = function(run)
    local args = run.args
    gp.read(run.card, run.flavor.isd_aid, { 0x9F7F })  -- who the card is, before what is kept of it is asked for
    local kept, aids = domains.list(), {}
    for _, record in ipairs(kept) do aids[#aids + 1] = record.aid end
    local seen
    if args.isd_keys then
      local isd = gp.open(run.card, { keys = args.isd_keys, flavor = run.flavor })
      seen = inventory.seen_by_isd(isd, aids)
    else
      seen = inventory.seen_by_select(run.card, aids)
    end

    local rows, repair, data = {}, {}, {}
    for _, finding in ipairs(inventory.compare(kept, seen)) do
      local aid = hex.encode(finding.aid)
      rows[#rows + 1] = { aid, finding.kept or "", finding.told or "", finding.card, finding.says }
      data[#data + 1] = {
        aid = aid, kept = finding.kept, told = finding.told, card = finding.card, says = finding.says,
      }
      if finding.repair then repair[#repair + 1] = finding.repair end
      if args.keep and finding.becomes then domains.put { aid = finding.aid, state = finding.becomes } end
    end
    run:table("domains", columns, rows)
    run:output("domains", json.array(data))
    run:output("repair", json.array(repair))
  end,
}
