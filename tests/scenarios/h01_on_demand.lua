--- The scenario plays the key server of a card's issuer.
local hex = require "hex"
local json = require "json"

local url = "https://keys.example/keyserver"
local args = { servers = "https://other.example/ " .. url .. "/", kek = "demo.kek", keys = "demo.sd2", fleet = true }

-- The keys of a new card of this flavor under demo.kek (RFC 3394, by another program), and their check value.
local wrapped, kcv = "2AC40133BA646360D073E62FCDDCD2687E5979266BA7EC1D", "504A77"

-- The answer of a key server that knows version 30.
local function given(more)
  local out = {
    keyVersion = "30", keyType = "AES", encEnc = wrapped, encMac = wrapped, encDek = wrapped,
    kcvEnc = kcv, kcvMac = kcv, kcvDek = kcv,
  }
  for name, value in pairs(more or {}) do out[name] = value end
  return { status = 200, body = json.encode(out) }
end

return {
  summary = "A card's key server gives its keys, and ours are put in; what it says wrong costs the card nothing",
  tags = { "backends", "keys" },
  flavors = { "generic" },
  policy = "_parts/key-server.lua",
  needs = { keys = { "isd", "demo.kek", "demo.sd2" }, card = { "fresh", "simulated" } },

  run = function(t)
    local asked, answer = {}, given()
    t:backend(url .. "/", function(call)
      asked[#asked + 1] = json.decode(call.body)
      return answer
    end)

    t:fails("ondemand/take-over", args, { kind = "card", message = "names no key server" })
    t:run("_parts/names-key-server.lua", { url = "https://elsewhere.example/keyserver" })
    t:fails("ondemand/take-over", args, { kind = "policy", message = "none that may be asked" })
    t:equal(#asked, 0)

    t:run("_parts/names-key-server.lua", { url = url })
    t:unchanged(function()
      answer = given { kcvMac = "000000" }
      t:fails("ondemand/take-over", args, { kind = "usage", message = "check value" })
      answer = given { keyVersion = "33" }
      t:fails("ondemand/take-over", args, { kind = "http", message = "the card shows no such three" })
      answer = { status = 403, body = json.encode { fault = "NotAccredited", message = "not today" } }
      t:fails("ondemand/take-over", args, { kind = "http", message = "NotAccredited, not today" })
      answer = nil
      t:fails("ondemand/take-over", args, { kind = "http" })
    end)

    answer = given()
    local done = t:run("ondemand/take-over", args)
    t:step(done, "our keys", "end")
    t:step(done, "issuer's keys gone", "end")
    t:keys("", { [0x20] = 3, [0x31] = 3 })
    t:opens("", "demo.sd2")
    t:equal(asked[#asked].url, url)
    t:equal(hex.decode(asked[#asked].keyData), hex"00000000000000000001")
  end,
}
