--- Asks an issuer's SEI-TSM for the keys of our security domain (T/TAF 096-2021, 6.2.2), and waits until it has pushed
--- them to our service (doors.issuer): for where a push was lost. The run and the service share a store.
---
---   $ cardwright run sei/keys --card sim --policy policies/examples/sei.lua --store runs.db
---       --set issuer=https://sei.acme.example/sei/v1/ --set tenant=transit --set domain=F063617264770001
local clock = require "clock"
local domains = require "domains"
local errors = require "cw.errors"
local hex = require "hex"
local sei = require "cw.sei"

local POLL = 0.5  -- seconds

local function record_of(aid)
  for _, record in ipairs(domains.list()) do
    if record.aid == aid then return record end
  end
end

return {
  name = "sei/keys",
  summary = "Have the issuer's SEI-TSM push the keys of a security domain, and wait for them",

  args = sei.arguments {
    seconds = { type = "integer", help = "how long to wait for them", default = 60, min = 1, max = 3600 },
  },
  needs = sei.needs,

  run = function(run)
    local issuer, domain = sei.begin(run)
    local se_id = sei.se_id(run.card)
    local name = hex.encode(domain)
    local record
    run:step("keys", {
      done = function()
        record = record_of(domain)
        return record ~= nil and record.keys ~= nil
      end,
      run = function()
        if not record then
          errors.raise("usage", ("no domain %s of this card is kept in the store, so its keys would not be taken; make "
            .. "it with sei/create, on the same store"):format(name))
        end
        issuer:push_keys(se_id, domain)
        local ends = clock.now() + run.args.seconds * 1000
        repeat
          clock.sleep(POLL)
          record = record_of(domain)
        until record.keys or clock.now() > ends
        if not record.keys then
          errors.raise("http", ("the SEI-TSM took the request, and the keys of %s did not come within %d s; is the "
            .. "service that it pushes to on this store?"):format(name, run.args.seconds))
        end
      end,
    })
    run:print("%s has the keys '%s', version %02X", name, record.keys, record.version)
  end,
}
