--- The card names a key server: the URL goes into the ISD, as its issuer does it.
local gp = require "cw.gp"
local tlv = require "tlv"

return {
  name = "names-key-server",
  summary = "Store the URL of a key server in the ISD",
  args = { url = { type = "string", help = "of the key server" } },
  needs = { keys = { "isd" } },

  run = function(run)
    gp.open(run.card, { keys = "isd", flavor = run.flavor }):store_data(tlv.build(0x5F50, run.args.url))
  end,
}
