--- INSTALL data (tests/vectors/commands.json where a case is named; GPCS 11.5).
local check = require "cw.check"
local hex = require "hex"
local install = require "cw.install"
local privileges = require "cw.privileges"

local function data_of(command) return hex.encode(command.data) end

return {
  ["for load (install-for-load-keycard)"] = function()
    local command = install.for_load { elf = hex"53746174757357616C6C6574", sd = hex"A000000151000000" }
    check.equal(data_of(command), "0C53746174757357616C6C657408A000000151000000000000")
    check.equal({ command.cla, command.ins, command.p1, command.p2 }, { 0x80, 0xE6, 0x02, 0x00 })
  end,

  ["for install: an empty C9 stays, a missing token is a length byte"] = function()
    local command = install.for_install { elf = hex"D0D1D2D3D4D501", module = hex"D0D1D2D3D4D50101" }
    check.equal(data_of(command), "07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D501010300000002C90000")
    check.equal(command.p1, 0x0C)
  end,

  ["for install with privileges of one byte"] = function()
    local command = install.for_install({ elf = hex"D0D1D2D3D4D501", module = hex"D0D1D2D3D4D50101",
                                          privileges = { "security domain" } }, 1)
    check.equal(data_of(command), "07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D50101018002C90000")
  end,

  ["for install alone"] = function()
    check.equal(install.for_install({ elf = "12345", module = "123456", selectable = false }).p1, 0x04)
  end,

  ["for extradition"] = function()
    check.equal(data_of(install.for_extradition(hex"D0D1D2D3D4D50101", hex"D4D4D4D4D4010101")),
      "08D4D4D4D4D40101010008D0D1D2D3D4D50101000000")
  end,

  ["for personalization"] = function()
    check.equal(data_of(install.for_personalization(hex"D0D1D2D3D4D50101")), "000008D0D1D2D3D4D50101000000")
  end,

  ["a token of 128 bytes has a length of two bytes"] = function()
    local data = install.for_load({ elf = "12345", token = ("t"):rep(128) }).data
    check.equal(data:sub(10, 11), hex"8180")
    check.equal(#data, 11 + 128)
  end,

  ["a mistyped option"] = function()
    check.raises("unknown option 'modul'", function() install.for_install { elf = "12345", modul = "123456" } end)
  end,

  ["privileges by name, as digits, as bytes"] = function()
    check.equal(privileges.encode { "security domain", "authorized management" }, hex"804000")
    check.equal(privileges.encode "804000", hex"804000")
    check.equal(privileges.encode(hex"804000"), hex"804000")
    check.equal(privileges.encode("80"), hex"800000")
    check.equal(privileges.encode({ "security domain", "authorized management" }, 1), hex"80")
  end,

  ["two bytes of privileges are not allowed"] = function()
    check.raises("1 or 3 bytes", function() privileges.encode(hex"8040" ) end)
  end,

  ["a privilege that is none"] = function()
    check.raises("no privilege 'root'", function() privileges.encode { "root" } end)
  end,

  ["mandated DAP is not also DAP"] = function()
    check.equal(privileges.decode(hex"C1"), { "security domain", "mandated DAP verification" })
    check.equal(privileges.decode(hex"C0"), { "security domain", "DAP verification" })
  end,
}
