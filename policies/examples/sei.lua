--- For a service provider whose security domain an issuer's SEI-TSM manages (T/TAF 096-2021): the issuer may create,
--- lock and delete it with commands that it wrapped itself, of which the gate sees the headers.
---
--- Put in the SEI-TSM of your issuer. A rule that asks what is in a wrapped command refuses it.
return {
  name = "sei",
  api = 1,
  summary = "an issuer's own commands, for our domain",

  allow = {
    flows = { "sei/*", "demo/*" },
    channel = { level = "mac+enc" },
    backends = {
      ["https://sei.acme.example/sei/v1/"] = {
        opaque = { "INSTALL", "SET STATUS", "DELETE", "PUT KEY", "GET STATUS" },
      },
    },
  },

  limits = { attempts = 3 },
}
