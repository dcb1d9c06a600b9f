--- Takes over a card whose keys its issuer's key server knows (V. Alimi, JDIM 2013): the card names the server, which
--- gives us the card's keys under a KEK; we put our own key set in, delete the issuer's, and go on with ours.
---
---   $ cardwright run ondemand/take-over --card pcsc:0 --policy policies/examples/ondemand.lua
---       --set servers=https://keys.acme.example/keyserver/ --set kek=acme.kek --set kek_index=1 --set keys=our.isd
---   ok   our keys
---   ok   issuer's keys gone
---
--- Ours go onto the card under keys that its issuer knows, so they are to be derived for each card: name a master key.
--- What else may open a channel and stays is in the result, as `left`.
---
--- The URL is the card's word and chooses among `servers`, no more. Keys that do not open the card are tried once. Run
--- it again after whatever tore it: the card shows how far it came. It never has fewer than one key set that is known.
local gp = require "cw.gp"
local hex = require "hex"
local key_server = require "cw.key_server"
local registry = require "cw.registry"

return {
  name = "ondemand/take-over",
  summary = "Open a card with keys from the key server that it names, and put our own in",

  args = {
    servers = { type = "string",
                help = "key servers that the card may name: beginnings of URLs, ending in '/', with spaces between" },
    kek = { type = "key", help = "KEK that we share with the key server" },
    kek_index = { type = "integer", help = "what the key server knows it by", default = 1, min = 0, max = 255 },
    wrap = { type = "string", help = "how keys travel under it", default = "aes-key-wrap",
             values = { "aes-key-wrap", "aes-cbc", "des-ecb" } },
    keys = { type = "key", help = "key set of ours that the card is to have" },
    version = { type = "integer", help = "key version number of ours; default: its own", optional = true, min = 1,
                max = 111 },
    domain = { type = "aid", help = "AID of the security domain; default: the ISD", optional = true },
    fleet = { type = "boolean", help = "ours is the same on all cards, and whoever knows an issuer's keys may learn it",
              default = false },
    keep = { type = "boolean", help = "leave the issuer's keys beside ours", default = false },
  },
  needs = { keys = { "$kek", "$keys" }, backends = { "$servers" } },

  run = function(run)
    local args = run.args
    local aid = args.domain or run.flavor.isd_aid or ""
    local over = key_server.take_over(run.card, {
      aid = aid, to = args.keys, version = args.version, fleet = args.fleet, flavor = run.flavor,
      servers = args.servers, kek = args.kek, kek_index = args.kek_index, wrap = args.wrap,
    })

    run:step("our keys", { done = over.our_keys_work, run = over.put_our_keys })
    if not args.keep then
      run:step("issuer's keys gone", { done = over.issuer_keys_gone, run = over.delete_issuer_keys })
    end

    local domain = gp.open(run.card, {
      aid = aid, keys = args.keys, version = args.version, flavor = run.flavor, look_at = { aid },
    })
    local asked, left = over.asked(), {}
    for i, version in ipairs(over.left()) do left[i] = ("%02X"):format(version) end  -- looked at on the way
    run:output("card", {
      domain = hex.encode(aid), keys = args.keys, server = asked and asked.server or nil,
      left = #left > 0 and left or nil, content = #registry.list(domain:registry()),
    })
  end,
}
