--- Certificates as BF21 holds them, and the keys that they are of.
local certificates = require "cw.certificates"
local check = require "cw.check"
local hex = require "hex"

return {
  ["a key is named by identifier and version"] = function()
    check.equal(certificates.reference { id = 0x13, version = 3 }, hex"A6 04 83 02 13 03")
    check.raises("version is missing or none", function() certificates.reference { id = 0x13 } end)
    check.raises("id is missing or none", function() certificates.reference { id = 0, version = 3 } end)
    check.raises("id is missing or none", function() certificates.reference { id = 128, version = 3 } end)
  end,

  ["certificates are counted, of both forms"] = function()
    check.equal(certificates.count(hex"3003020101" .. hex"7F21020500" .. hex"3000"), 3)
  end,

  ["what is none, cut or followed by something else is refused"] = function()
    for _, bytes in ipairs { "", "hello", hex"3003020101FF", hex"30030201", hex"3100", hex"30030201013100" } do
      check.raises("these bytes are no certificates", function() certificates.count(bytes) end)
    end
  end,
}
