--- Cutting of personalization data into STORE DATA blocks.
local check = require "cw.check"
local hex = require "hex"
local perso = require "cw.perso"
local tlv = require "tlv"

return {
  ["groupings that fit share a block"] = function()
    local items = { tlv.dgi(0x0101, "ABC"), tlv.dgi(0x0102, "DE") }
    check.equal(perso.blocks(items, 20), { hex"0101 03 414243 0102 02 4445" })
  end,

  ["a grouping that no longer fits begins the next block, whole"] = function()
    check.equal(perso.blocks({ "12345", "67890", "ab" }, 8), { "12345", "67890ab" })
  end,

  ["a grouping longer than a block goes on in the next"] = function()
    check.equal(perso.blocks({ "ab", "123456789", "c" }, 4), { "ab", "1234", "5678", "9c" })
  end,

  ["exactly full blocks leave no empty one behind"] = function()
    check.equal(perso.blocks({ "1234", "5678" }, 4), { "1234", "5678" })
    check.equal(perso.blocks({ "12345678" }, 4), { "1234", "5678" })
  end,

  ["nothing to say is one empty block"] = function() check.equal(perso.blocks({}, 10), { "" }) end,

  ["P1 says structure and last, P2 counts"] = function()
    local plan = perso.commands({ "a", "b", "c" })
    check.equal({ plan[1].p1, plan[2].p1, plan[3].p1 }, { 0x08, 0x08, 0x88 })
    check.equal({ plan[1].p2, plan[2].p2, plan[3].p2 }, { 0, 1, 2 })
    check.equal(plan[1].ins, 0xE2)
  end,

  ["encrypted BER-TLV with more to come"] = function()
    check.equal(perso.commands({ "a" }, { structure = "tlv", encrypted = true, more = true })[1].p1, 0x70)
  end,

  ["a structure that is none"] = function()
    check.raises("structure 'xml'", function() perso.commands({ "a" }, { structure = "xml" }) end)
  end,

  ["more blocks than P2 can count"] = function()
    local blocks = {}
    for i = 1, 257 do blocks[i] = "x" end
    check.raises("over 256", function() perso.commands(blocks) end)
  end,

  ["a grouping of 255 bytes and more has a long length"] = function()
    check.equal(tlv.dgi(0x0101, ("x"):rep(255)):sub(1, 5), hex"0101 FF 00FF")
  end,
}
