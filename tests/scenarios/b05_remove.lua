--- What was installed goes, all of it.
local hex = require "hex"

local args = { cap = { file = "../caps/wallet-1.0.cap" } }

return {
  summary = "demo/remove leaves the card as demo/install found it",
  tags = { "remove" },
  flavors = { "*" },
  needs = { keys = { "isd" }, card = { "content management", "fresh" } },

  run = function(t)
    t:run("demo/install", { cap = args.cap, holder = { secret = "Ada Lovelace" } })
    t:run("demo/remove", args)
    t:registry { [t.flavor.ssd_aid] = false, [hex"F063617264770101"] = false, [hex"F0636172647701"] = false }
  end,
}
