--- What a provider's security domain has: its applications and load files, with their states, and the room that is left
--- (T/TAF 096-2021 6.2.3, query). In the domain's own channel; the issuer's keys are not needed.
---
---   $ cardwright run app/query --card sim --card-state card.json --set sd_keys=demo.sd
local cards = require "cw.registry"
local hex = require "hex"
local provider = require "cw.provider"

return {
  name = "app/query",
  summary = "List what a provider's security domain has",

  args = provider.looking {},
  needs = provider.needs,

  run = function(run)
    local mine = provider.begin(run)
    run:table("registry", cards.columns, cards.rows(mine.ssd:registry()))
    run:output("query", { domain = hex.encode(mine.aid), free = mine.found.free })
  end,
}
