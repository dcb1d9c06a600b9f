--- A provider writes personal data into an application of its own security domain (T/TAF 096-2021 6.2.3; GPCS 11.11),
--- in a channel that encrypts. The data are secret: nothing that is printed or kept shows them.
---
---   $ cardwright run app/personalize --card sim --card-state card.json --set aid=F063617264770101
---       --set group=0101 --set value=@holder.txt --set shows=0102 --set mark=4711
---
--- Whether it was done, `shows` tells: an object that the application shows to everybody once it is personalized. It is
--- written last.
local errors = require "cw.errors"
local gp = require "cw.gp"
local hex = require "hex"
local perso = require "cw.perso"
local provider = require "cw.provider"

-- A data grouping's or an object's number, of hex digits.
local function number_of(text, what)
  local number = tonumber(text, 16)
  if not number or #text ~= 4 then errors.raise("usage", what .. " is four hex digits, as in 0101") end
  return number
end

return {
  name = "app/personalize",
  summary = "Write personal data into an application of a provider's own security domain",

  args = provider.looking {
    aid = { type = "aid", help = "the application" },
    group = { type = "string", help = "data grouping identifier of the value, four hex digits" },
    value = { type = "secret", help = "what is written", max = 200 },
    shows = { type = "string", help = "object that is there once it is personalized, four hex digits" },
    mark = { type = "string", help = "what that object has", min = 1, max = 64 },
  },
  needs = provider.needs,

  run = function(run)
    local args = run.args
    local group, shows = number_of(args.group, "group"), number_of(args.shows, "shows")
    local mine = provider.begin(run)
    run:step("personalization", {
      done = function()
        local shown = gp.read(run.card, args.aid, { shows })[shows]
        if shown and shown ~= args.mark then
          errors.raise("card", "application " .. hex.encode(args.aid) .. " is personalized already, with another mark; "
            .. "delete it first (app/delete)")
        end
        return shown ~= nil
      end,
      run = function()
        perso.store(mine.ssd, { aid = args.aid, dgis = { { group, args.value }, { shows, args.mark } } })
      end,
    })
  end,
}
