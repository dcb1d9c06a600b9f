--- The scenario plays the backend that a flow calls.
local hex = require "hex"
local json = require "json"

local prefix = "https://sei.example/v1/"

return {
  summary = "A flow's backend is played by the scenario: it sees the call, answers, refuses, and says nothing",
  tags = { "backends" },
  policy = "_parts/backends.lua",

  run = function(t)
    local calls = {}
    t:backend(prefix, function(call)
      calls[#calls + 1] = call
      return { status = 200, body = json.encode { order = "keep" } }
    end)
    local done = t:run("_parts/ask.lua")
    t:equal(done.outputs, { status = 200, order = "keep" })
    t:equal(#calls, 1)
    t:equal(calls[1].method, "POST")
    t:equal(calls[1].headers["content-type"], "application/json")
    t:expect(json.decode(calls[1].body).cplc:sub(1, 4) == "9F7F" or #hex.decode(json.decode(calls[1].body).cplc) == 42,
      "the call has the card's CPLC")

    t:backend(prefix, function() return { status = 503, body = "{}" } end)
    t:equal(t:run("_parts/ask.lua").outputs.status, 503)

    t:backend(prefix, function() return nil end)
    t:fails("_parts/ask.lua", {}, { kind = "http" })
  end,
}
