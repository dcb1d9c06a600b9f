--- What stops a provider before anything is changed, and how it goes on.
local hex = require "hex"

local wallet, domain = hex"F063617264770101", hex"F063617264770001"
local args = { cap = { file = "../caps/wallet-1.0.cap" } }

return {
  summary = "A domain that is missing, has no keys or is locked stops a flow; once that is cured, it goes on",
  tags = { "provider" },
  needs = { keys = { "isd", "demo.sd" }, card = { "content management", "simulated", "fresh" } },

  run = function(t)
    t:fails("app/install", args, { kind = "card", message = "it is not there, or its issuer has locked it" })
    t:run("_parts/provider.lua", { keyed = false })
    t:unchanged(function() t:fails("app/install", args, { kind = "card", message = "has no keys yet" }) end)
    t:run("_parts/provider.lua", {})

    t:run("demo/lock", { aid = domain })
    t:fails("app/install", args, { kind = "card", message = "it is not there, or its issuer has locked it" })
    t:run("demo/unlock", { aid = domain })
    t:run("app/install", args)
    t:registry { [wallet] = { kind = "app", sd = domain } }
  end,
}
