--- Replaces the secure channel keys of a security domain. Wherever a run is torn, the card shows which keys it has, and
--- the next run goes on from there. With a key version number of its own the new set is added and the old one deleted;
--- with that of the old set it takes its place.
---
---   $ cardwright run demo/rotate-keys --card sim --card-state card.json --set old=demo.sd --set new=demo.sd2
---   ok   new keys
---   ok   old keys gone
---   the domain has the keys 'demo.sd2', version 31, and no longer 'demo.sd'
---   done: 2 steps done, 0 skipped, 18 commands, 1 ms
local domains = require "domains"
local keys = require "keys"
local sd = require "cw.sd"

return {
  name = "demo/rotate-keys",
  summary = "Replace the keys of a security domain, and prove that the new ones work",

  args = {
    old = { type = "key", help = "key set that the domain has", default = "demo.sd" },
    new = { type = "key", help = "key set that it is to have" },
    version = { type = "integer", help = "key version number of the new set; default: its own", optional = true,
                min = 1, max = 127 },
    domain = { type = "aid", help = "AID of the security domain; default: the flavor's", optional = true },
  },
  needs = { keys = { "$old", "$new" } },

  run = function(run)
    local args = run.args
    local aid = args.domain or run.flavor.ssd_aid
    domains.put { aid = aid, state = "present" }  -- ours to manage: known before a key is changed
    local rotation = sd.rotate(run.card, {
      aid = aid, from = args.old, to = args.new, version = args.version,
      flavor = run.flavor,
    })

    run:step("new keys", { done = rotation.new_keys_work, run = rotation.put_new_keys })
    run:step("old keys gone", { done = rotation.old_keys_gone, run = rotation.delete_old_keys })

    domains.put {
      aid = aid, state = "present", keys = args.new, version = args.version or keys.info(args.new).version,
    }
    run:print("the domain has the keys '%s', version %02X, and no longer '%s'", args.new,
      args.version or keys.info(args.new).version, args.old)
  end,
}
