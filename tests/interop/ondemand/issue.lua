--- What an issuer does to a card before anybody else has it: its own keys, derived for this card, in the place of the
--- factory's, and the URL of its key server in the ISD (5F50).
local gp = require "cw.gp"
local tlv = require "tlv"
local sd = require "cw.sd"

return {
  name = "issue",
  summary = "Give a card its issuer's keys and the URL of the issuer's key server",
  args = {
    url = { type = "string", help = "of the key server; empty: none", default = "" },
    keys = { type = "key", help = "master keys" },
  },
  needs = { keys = { "factory", "$keys" } },

  run = function(run)
    local args, aid = run.args, run.flavor.isd_aid
    local isd = gp.open(run.card, { aid = aid, keys = "factory", flavor = run.flavor })
    if args.url ~= "" then isd:store_data(tlv.build(0x5F50, args.url)) end
    isd:delete_keys(0x20)
    local rotation = sd.rotate(run.card, { aid = aid, from = "factory", to = args.keys, flavor = run.flavor })
    run:step("issuer's keys", { done = rotation.new_keys_work, run = rotation.put_new_keys })
    run:step("factory's gone", { done = rotation.old_keys_gone, run = rotation.delete_old_keys })
  end,
}
