--- A flow that only reads, torn at every command, on every flavor.
return {
  summary = "demo/inventory ends up the same, wherever it is torn, and leaves the card alone",
  tags = { "tear" },
  flavors = { "*" },
  needs = { card = { "simulated" } },
  seconds = 300,

  run = function(t)
    t:unchanged(function()
      t:run("demo/inventory")
      t:converges("demo/inventory")
    end)
  end,
}
