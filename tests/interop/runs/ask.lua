--- A command, a call to a backend, a command. PORT stands for the backend's.
local http = require "http"

return {
  name = "ask",
  summary = "Asks a backend between two commands",
  needs = { backends = { "https://127.0.0.1:PORT/" } },
  run = function(run)
    run.card:select("")
    run:print("asking")
    run:print("the backend said %s", http.request { url = "https://127.0.0.1:PORT/cards" }.body)
    run.card:select("")
  end,
}
