--- Flows may ask the key server of the scenarios, which gives keys under demo.kek.
return {
  name = "key-server",
  api = 1,
  allow = { backends = { ["https://keys.example/keyserver/"] = { keks = { "demo.kek" } } } },
}
