--- After a rotation the new keys are the only ones.
return {
  summary = "demo/rotate-keys leaves the new keys, and the old ones open nothing",
  tags = { "keys" },
  flavors = { "*" },
  needs = { keys = { "isd", "demo.sd", "demo.sd2" }, card = { "content management", "fresh" } },
  given = { flows = {
    { "demo/install", { cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" } } },
  } },

  run = function(t)
    local domain = t.flavor.ssd_aid
    t:keys(domain, { [0x30] = 3 })
    t:run("demo/rotate-keys", { old = "demo.sd", new = "demo.sd2" })
    t:keys(domain, { [0x31] = 3 })
    t:opens(domain, "demo.sd2")
  end,
}
