--- Certificates as BF21 holds them, and the keys that they are of.
local certificates = require "cw.certificates"
local check = require "cw.check"
local hex = require "hex"
local tlv = require "tlv"

-- The shape of one: version, serial number, algorithm, issuer, validity, subject, key; algorithm; signature.
local tbs = hex"A003020102" .. hex"020101" .. hex"30030601 2A" .. hex"3000" .. hex"3000" .. hex"3000" ..
  hex"3009 3003 06012A 0302 0001"
local one = tlv.build(0x30, tlv.build(0x30, tbs) .. hex"30030601 2A" .. hex"03020001")

return {
  ["a key is named by identifier and version"] = function()
    check.equal(certificates.reference { id = 0x13, version = 3 }, hex"A6 04 83 02 13 03")
    check.raises("version is missing or none", function() certificates.reference { id = 0x13 } end)
    check.raises("id is missing or none", function() certificates.reference { id = 0, version = 3 } end)
    check.raises("id is missing or none", function() certificates.reference { id = 128, version = 3 } end)
  end,

  ["certificates are counted, of both forms"] = function()
    check.equal(certificates.count(one .. hex"7F21020500" .. one), 3)
  end,

  ["what is none, cut or followed by something else is refused"] = function()
    for _, bytes in ipairs { "", "hello", one .. hex"FF", one:sub(1, -2), hex"3100", one .. hex"3100",
      hex"3000", hex"3003020101", tlv.build(0x30, one), tlv.build(0x30, tlv.build(0x30, tbs:sub(6))) } do
      check.raises("these bytes are no certificates", function() certificates.count(bytes) end)
    end
  end,
}
