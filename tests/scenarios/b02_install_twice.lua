--- The second run finds everything done.
local args = { cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" } }

return {
  summary = "A second demo/install changes nothing",
  tags = { "install" },
  flavors = { "*" },
  needs = { card = { "content management", "simulated" } },
  given = { flows = { { "demo/install", args } } },

  run = function(t)
    t:unchanged(function()
      local again = t:run("demo/install", args)
      for _, step in ipairs(again.steps) do t:equal(step.state, "skip", step.name) end
    end)
  end,
}
