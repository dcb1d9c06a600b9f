--- Stores the certificates of a key in a security domain and reads them back (T/TAF 096-2021 6.1.6; STORE DATA,
--- GPCS 11.11, and Amendment F). In the domain's own channel. GET DATA E0 shows which keys there are.
---
---   $ cardwright ca show 5C0E... --hex
---   $ cardwright run sd/store-certificate --card sim --card-state card.json --set key_id=1 --set key_version=48 \
---       --set certificates=3082...
local certificates = require "cw.certificates"
local gp = require "cw.gp"

return {
  name = "sd/store-certificate",
  summary = "Store the certificates of a key in a security domain",

  args = {
    certificates = {
      type = "bytes", max = 16384,
      help = "X.509 in DER, one after another; that of the key comes last. The simulated card takes 4,000 bytes",
    },
    key_id = { type = "integer", help = "key identifier", min = 1, max = 127 },
    key_version = { type = "integer", help = "key version number", min = 1, max = 127 },
    domain = { type = "aid", help = "AID of the security domain; default: the flavor's", optional = true },
    sd_keys = { type = "key", help = "keys of the domain", default = "demo.sd" },
  },
  needs = { keys = { "$sd_keys" } },

  run = function(run)
    local args = run.args
    local count = certificates.count(args.certificates)
    local of = { id = args.key_id, version = args.key_version }
    local ssd = gp.domain(run.card, {
      aid = args.domain or run.flavor.ssd_aid, keys = args.sd_keys, flavor = run.flavor,
    })
    run:step("certificates", {
      done = function() return certificates.read(ssd, of) == args.certificates end,
      run = function() certificates.store(ssd, of, args.certificates) end,
    })
    run:print("key %02X of version %02X has %d certificate%s", of.id, of.version, count, count == 1 and "" or "s")
  end,
}
