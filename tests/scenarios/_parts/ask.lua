--- Asks a backend what to do about a card, and says what it answered.
local gp = require "cw.gp"
local hex = require "hex"
local http = require "http"
local json = require "json"

return {
  name = "ask",
  summary = "Ask a backend about the card, and keep its answer",
  needs = { backends = { "https://sei.example/v1/" } },

  run = function(run)
    gp.select(run.card, "")
    local reply = http.request {
      method = "POST", url = "https://sei.example/v1/cards", headers = { ["content-type"] = "application/json" },
      body = json.encode { cplc = hex.encode(gp.get_data(run.card, 0x9F7F) or "") },
    }
    run:output("status", reply.status)
    run:output("order", json.decode(reply.body).order)
  end,
}
