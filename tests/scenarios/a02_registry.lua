--- The registry of a card that nobody has used.
return {
  summary = "A card as it left the factory has its ISD, and no applications",
  tags = { "registry" },
  flavors = { "*" },
  needs = { keys = { "isd" }, card = { "fresh" } },

  run = function(t)
    t:registry { [t.flavor.isd_aid] = { kind = "isd" }, [t.flavor.ssd_aid] = false }
    t:opens("", "isd")
  end,
}
