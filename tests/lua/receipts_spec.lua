--- Confirmations taken apart (GPCS 11.1.6, C.5). The first is the simulated card's, whose receipt is that of OpenSSL's
--- command line.
local check = require "cw.check"
local hex = require "hex"
local receipts = require "cw.receipts"

local answer = hex("24" .. "10" .. "1F0BEDF2EC8129444C049D36AAF48D1D" .. "020000" .. "0F000000000100000000000000000001")

return {
  ["receipt, counter and the card's own data"] = function()
    local one = receipts.parse(answer, "LOAD x.cap")
    check.equal(one.counter, 0)
    check.equal(hex.encode(one.receipt), "1F0BEDF2EC8129444C049D36AAF48D1D")
    check.equal(hex.encode(one.data), "0200000F000000000100000000000000000001")
    check.equal(hex.encode(one.sd_data), "000000000100000000000000000001")
    check.equal(one.token_id, nil)
    check.equal(one.digest, nil)
  end,

  ["identifier and digest of the token"] = function()
    local one = receipts.parse(hex"0D" .. hex"02AABB" .. hex"020007" .. hex"0155" .. hex"029999" .. hex"0142")
    check.equal({ one.counter, one.token_id, one.digest }, { 7, hex"9999", "B" })
    local anonymous = receipts.parse(hex"0B" .. hex"02AABB" .. hex"020007" .. hex"0155" .. hex"00" .. hex"0142")
    check.equal(anonymous.token_id, nil)
    check.equal(anonymous.digest, "B")
  end,

  ["no confirmation is a 00, or nothing"] = function()
    check.equal(receipts.parse "\0", nil)
    check.equal(receipts.parse "", nil)
  end,

  ["what is cut is refused at every length"] = function()
    for size = 1, #answer - 1 do
      check.raises("confirmation", function() receipts.parse(answer:sub(1, size)) end)
    end
    check.raises("confirmation", function() receipts.parse(answer .. "x") end)
  end,

  ["a receipt is over these, each with its length"] = function()
    check.equal(hex.encode(receipts.fields(hex"A000000151", "")), "05A00000015100")
  end,
}
