--- For a TSM that takes over cards whose keys their issuers' key servers know: which servers may be asked, and under
--- which KEK each may give keys. A card names its server; it chooses among these and no others.
---
--- Put in the key servers of your issuers, and the names of your KEKs.
return {
  name = "ondemand",
  api = 1,
  summary = "keys on demand from the key servers of two issuers",

  allow = {
    flows = { "ondemand/*", "demo/*", "app/*" },
    channel = { level = "mac+enc" },
    backends = {
      ["https://keys.acme.example/keyserver/"] = { keks = { "acme.kek" } },
      ["https://keys.other.example/keyserver/"] = { keks = { "other.kek" } },
    },
  },

  limits = { attempts = 3 },
}
