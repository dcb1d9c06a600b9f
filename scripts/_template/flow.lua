--- Locks a security domain and says so. Copy this file to scripts/ISSUER/NAME.lua and change it.
---
---   $ cardwright run acme/lock-domain --card sim --set domain=F063617264770001
---   domain F063617264770001 is LOCKED
---
--- A flow is a file that returns one table. Loading it does nothing; `run` is called for each card. Check a new flow
--- without a card: `cardwright check acme/lock-domain`.
local gp = require "cw.gp"
local hex = require "hex"
local sd = require "cw.sd"

return {
  -- The path under scripts/, without .lua.
  name = "_template/flow",
  summary = "Lock a security domain",

  -- What the caller gives with --set. Types: string bytes aid integer boolean secret cap key. An argument that is not
  -- declared here is refused, so a typing error never passes unnoticed.
  args = {
    domain = { type = "aid", help = "security domain to lock" },
  },

  -- Key sets that the flow may use, by name. It gets handles; nothing turns one into bytes.
  needs = { keys = { "isd" } },

  run = function(run)
    -- run.card is the card, run.args the arguments, run.flavor what is different about this product.
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    local aid = run.args.domain

    -- A step brings one thing about. `done` asks the card whether all of it is there and changes nothing; `run` brings
    -- it about, also after an earlier attempt was torn half-way. Whatever happened before, running the flow again from
    -- the top leads to the same end.
    run:step("lock", {
      done = function() return sd.state(isd, aid) == "LOCKED" end,
      run = function() sd.lock(isd, aid) end,
    })

    run:print("domain %s is %s", hex.encode(aid), sd.state(isd, aid))
  end,
}
