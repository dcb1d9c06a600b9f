--- Which tokens a card takes, and which receipts the flow.
local hex = require "hex"

local applet, domain = hex"F063617264770101", hex"F063617264770001"
local cap = { file = "../caps/wallet-1.0.cap" }

-- Arguments of one command in the provider's domain.
local function with(more)
  local out = { cap = cap, domain = domain }
  for name, value in pairs(more) do out[name] = value end
  return out
end

return {
  summary = "A token lets one command through, and only that; receipts that are not right end the run",
  tags = { "delegated" },
  needs = { keys = { "isd", "demo.sd", "demo.token", "demo.receipt", "demo.dap" },
            card = { "content management", "simulated" } },
  given = { flows = { { "_parts/delegated.lua", { domain = domain } } } },

  run = function(t)
    local content = "_parts/content.lua"
    -- None, one by another key, one over other data.
    t:unchanged(function()
      t:fails(content, with { act = "load" }, { kind = "card", sw = 0x6985 })
      t:fails(content, with { act = "load", token = "demo.dap" }, { kind = "card", sw = 0x6A80 })
      t:fails(content, with { act = "load", bytes = ("\17"):rep(64) }, { kind = "card", sw = 0x6A80 })
      t:fails(content, { cap = cap, act = "load", token = "demo.token" }, { kind = "card", sw = 0x6985 })
    end)

    local right = with { act = "load", token = "demo.token", receipt = "demo.receipt" }
    t:equal(t:run(content, right).outputs.confirmations, 1)
    right.act = "install"
    t:equal(t:run(content, right).outputs.confirmations, 1)
    t:registry { [applet] = { kind = "app", state = "SELECTABLE", sd = domain } }
    right.act = "delete"
    t:equal(t:run(content, right).outputs.confirmations, 2)

    -- The same in one, with one token over both INSTALL.
    right.act = "both"
    t:equal(t:run(content, right).outputs.confirmations, 1)

    -- Receipts by another key, of another time, and none.
    local wrong = with { act = "delete", token = "demo.token", receipt = "demo.dap" }
    t:fails(content, wrong, { kind = "card", message = "not by 'demo.dap' over this" })
    right.act, right.after = "load", 900
    t:run(content, with { act = "delete", token = "demo.token" })
    t:fails(content, right, { kind = "card", message = "the last one known was 900" })
    t:fails(content, { cap = cap, act = "delete", receipt = "demo.receipt" }, { kind = "card", message = "is missing" })
  end,
}
