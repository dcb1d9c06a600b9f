--- New keys under the version of the old ones: the key information stays as it was, and only the new keys open.
return {
  summary = "demo/rotate-keys puts new keys into the place of the old, and does it once",
  tags = { "keys" },
  flavors = { "*" },
  needs = { keys = { "isd", "demo.sd", "demo.sd2" }, card = { "content management", "fresh" } },
  given = { flows = {
    { "demo/install", { cap = { file = "../caps/wallet-1.0.cap" }, holder = { secret = "Ada Lovelace" } } },
  } },

  run = function(t)
    local domain = t.flavor.ssd_aid
    t:run("demo/rotate-keys", { old = "demo.sd", new = "demo.sd2", version = 0x30 })
    t:keys(domain, { [0x30] = 3 })
    t:opens(domain, "demo.sd2", 0x30)
    t:run("demo/rotate-keys", { old = "demo.sd", new = "demo.sd2", version = 0x30 })
    t:opens(domain, "demo.sd2", 0x30)
  end,
}
