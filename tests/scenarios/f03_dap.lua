--- Load files that a domain checks.
local gp = require "cw.gp"
local hex = require "hex"
local sd = require "cw.sd"

local wallet, domain = hex"F0636172647701", hex"F063617264770002"
local cap = { file = "../caps/wallet-1.0.cap" }

return {
  summary = "A mandated DAP is asked of every load, and made in custody",
  tags = { "delegated" },
  needs = { keys = { "isd", "demo.sd", "demo.token", "demo.receipt", "demo.dap" },
            card = { "content management", "simulated" } },

  run = function(t)
    local isd = gp.open(t.card, { keys = "isd", flavor = t.flavor })
    sd.create(isd, { aid = domain, privileges = { "security domain", "mandated DAP verification" } })
    sd.first_keys(isd, { aid = domain, keys = "demo.sd" })
    gp.open(t.card, { aid = domain, keys = "demo.sd", flavor = t.flavor }):put_signing_key("demo.dap", 0x73)

    local content = "_parts/content.lua"
    local function load(more)
      local out = { cap = cap, act = "load", dap = domain }
      for name, value in pairs(more) do out[name] = value end
      return out
    end
    t:unchanged(function()
      t:fails(content, { cap = cap, act = "load" }, { kind = "card", sw = 0x6985 })
      t:fails(content, load { dap_key = "demo.token" }, { kind = "card", sw = 0x6A80 })
      t:fails(content, load { dap_bytes = ("\1"):rep(64) }, { kind = "card", sw = 0x6A80 })
    end)
    t:run(content, load { dap_key = "demo.dap" })
    t:registry { [wallet] = { kind = "elf" } }
  end,
}
