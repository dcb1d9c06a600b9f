--- Hands over a result to a backend that is not there, and waits a little.
local clock, http = require "clock", require "http"

return {
  name = "deliver",
  summary = "A result for a backend that is not there",
  needs = { backends = { "https://127.0.0.1:1/" } },
  run = function(run)
    run.card:select("")
    http.deliver { name = "result", url = "https://127.0.0.1:1/results", body = "{}" }
    run:print("handed over")
    clock.sleep(0.2)
    run.card:select("")
  end,
}
