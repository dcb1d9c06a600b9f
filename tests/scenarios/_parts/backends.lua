--- Flows may call the backend of the scenarios.
return {
  name = "backends",
  api = 1,
  allow = { backends = { ["https://sei.example/v1/"] = {} } },
}
