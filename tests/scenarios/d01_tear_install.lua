--- Torn at every command.
return {
  summary = "demo/install ends up the same, wherever it is torn",
  tags = { "tear", "install" },
  flavors = { "*" },
  needs = { card = { "content management", "simulated" } },
  seconds = 300,

  run = function(t)
    local torn = t:converges("demo/install", {
      cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" }, pin = { secret = "123456" },
    })
    t:expect(torn > 100, "the flow was torn at more than 100 points")
  end,
}
