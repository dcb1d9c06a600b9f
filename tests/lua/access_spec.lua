--- Access rules as the ARA-M keeps them (GPD Secure Element Access Control 1.1, tables 6-3 to 6-9).
local access = require "cw.access"
local check = require "cw.check"
local hex = require "hex"

local applet = hex"F063617264770101"
local app = hex"1FA8CC6CE448894C7011E23BCF56DB9BD9097432"

return {
  ["a rule that lets one application through"] = function()
    check.equal(hex.encode(access.encode { aid = applet, app = app, apdu = "always" }),
      "E227E1204F08F063617264770101C1141FA8CC6CE448894C7011E23BCF56DB9BD9097432E303D00101")
  end,

  ["everyone, every applet, and no contactless events"] = function()
    check.equal(hex.encode(access.encode { apdu = "never", nfc = "never" }), "E20EE1044F00C100E306D00100D10100")
  end,

  ["APDU filters are taken as they are"] = function()
    local filter = hex"80CA0000FFFF0000"
    check.equal(access.encode { aid = applet, apdu = filter }:sub(-10), hex"D008" .. filter)
  end,

  ["what was encoded is read back"] = function()
    local rules = { { aid = applet, app = app, apdu = "always" }, { apdu = "never", nfc = "always" } }
    local inside = access.encode(rules[1]) .. access.encode(rules[2])
    local all = hex"FF40" .. string.char(#inside) .. inside
    check.equal(access.parse(all), rules)
    check.equal(access.has(access.parse(all), rules[1]), true)
    check.equal(access.has(access.parse(all), { aid = applet, app = app, apdu = "never" }), false)
  end,

  ["no rules"] = function() check.equal(access.parse(hex"FF4000"), {}) end,

  ["a rule that says nothing"] = function()
    check.raises("neither apdu nor nfc", function() access.encode { aid = applet } end)
  end,

  ["a hash that is none"] = function()
    check.raises("SHA-1 or SHA-256", function() access.encode { app = "abc", apdu = "always" } end)
  end,

  ["a mistyped field"] = function()
    check.raises("unknown option 'adpu'", function() access.encode { aid = applet, adpu = "always" } end)
  end,
}
