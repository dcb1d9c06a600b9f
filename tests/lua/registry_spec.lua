--- The registry as real cards answered it (tests/vectors/data-objects.json; each case by its id).
local check = require "cw.check"
local hex = require "hex"
local registry = require "cw.registry"

local scopes = registry.scopes

return {
  ["an ISD with implicit selection (get-status-gppro-isd-cf)"] = function()
    local entries = registry.parse(scopes.isd, hex"E3464F08A0000000030000009F700101C5039EFE80CF0140CF0141CF0142CF0143"
      .. hex"CF0180CF0181CF0182CF0183C40BD276000005AAFFCAFE0001CE020001CC08A000000003000000")
    check.equal(#entries, 1)
    local isd = entries[1]
    check.equal(isd.aid, hex"A000000003000000")
    check.equal(isd.kind, "isd")
    check.equal(isd.state, "OP_READY")
    check.equal(isd.privileges, {
      "security domain", "card lock", "card terminate", "card reset", "CVM management", "trusted path",
      "authorized management", "token verification", "global delete", "global lock", "global registry",
      "final application", "receipt generation",
    })
    check.equal(isd.elf, hex"D276000005AAFFCAFE0001")
    check.equal(isd.sd, hex"A000000003000000")
  end,

  ["privileges of one byte, and a tag nobody knows (get-status-gppro-isd)"] = function()
    local entries = registry.parse(scopes.isd, hex"E3144F07A00000015100009F700107C50180EA028000")
    check.equal(entries[1].state, "INITIALIZED")
    check.equal(entries[1].privileges, { "security domain" })
  end,

  ["an application and a security domain in one scope (get-status-mbahdhaim-apps)"] = function()
    local entries = registry.parse(scopes.applications,
      hex"E30E4F05A0000000019F700107C50100E30E4F05A0000000819F700107C50180")
    check.equal(entries[1].kind, "app")
    check.equal(entries[1].state, "SELECTABLE")
    check.equal(entries[1].privileges, {})
    check.equal(entries[2].kind, "sd")
    check.equal(entries[2].state, "SELECTABLE")
  end,

  ["load files whose state has two bytes (get-status-kaoh-scp03-load-files)"] = function()
    local entries = registry.parse(scopes.load_files, hex"E3194F07A00000006201019F70020100CE020105CC05A000000151"
      .. hex"E3224F10A0000000090003FFFFFFFF89107100019F70020100CE020202CC05A000000151")
    check.equal(#entries, 2)
    check.equal(entries[1].kind, "elf")
    check.equal(entries[1].state, "LOADED")
    check.equal(entries[1].version, "1.5")
    check.equal(entries[2].aid, hex"A0000000090003FFFFFFFF8910710001")
    check.equal(entries[2].version, "2.2")
    check.equal(entries[2].sd, hex"A000000151")
  end,

  ["an application with its load file and domain (get-status-gp4net-app)"] = function()
    local entries = registry.parse(scopes.applications,
      hex"E32B4F0BA0000003080000100001009F700107C503000000C409A00000030800001000CC08A000000151000000")
    check.equal(entries[1].elf, hex"A00000030800001000")
    check.equal(entries[1].sd, hex"A000000151000000")
  end,

  ["the form of old cards (get-status-kaoh-legacy-load-files)"] = function()
    local entries = registry.parse_legacy(scopes.load_files, hex"07A0000000620001010007A0000000620101010007A000000062"
      .. hex"0102010007A0000000620201010007A0000000030000010007D0D1D2D3D4D5010100")
    check.equal(#entries, 6)
    check.equal(entries[1].aid, hex"A0000000620001")
    check.equal(entries[6].aid, hex"D0D1D2D3D4D501")
    check.equal(entries[6].state, "LOADED")
    check.equal(entries[6].kind, "elf")
  end,

  ["the old form with modules"] = function()
    local entries = registry.parse_legacy(scopes.load_files_and_modules,
      hex"05A000000001 01 00 02 05A00000000A 05A00000000B")
    check.equal(entries[1].modules, { hex"A00000000A", hex"A00000000B" })
  end,

  ["the old form, cut, gives what is there and does not hang"] = function()
    check.equal(#registry.parse_legacy(scopes.load_files, hex"07A00000"), 1)
  end,

  ["a locked domain"] = function()
    local entries = registry.parse(scopes.applications, hex"E30E4F05A0000000819F70018FC50180")
    check.equal(entries[1].state, "LOCKED")
    check.equal(entries[1].locked, true)
  end,

  ["an application in a state of its own"] = function()
    local entries = registry.parse(scopes.applications, hex"E30E4F05A0000000019F70010FC50100")
    check.equal(entries[1].state, "APPLICATION SPECIFIC 0F")
  end,

  ["an entry with modules takes the place of one without"] = function()
    local all = {}
    registry.add(all, registry.parse(scopes.load_files_and_modules, hex"E3124F05A0000000019F7001018405A00000000A"))
    registry.add(all, registry.parse(scopes.load_files, hex"E30B4F05A0000000019F700101"))
    check.equal(all[hex"A000000001"].modules, { hex"A00000000A" })
  end,

  ["the list has domains first, then applications, then load files, each by AID"] = function()
    local all = {}
    registry.add(all, registry.parse(scopes.load_files, hex"E30B4F05A0000000019F700101"))
    registry.add(all, registry.parse(scopes.applications,
      hex"E30E4F05A0000000099F700107C50100E30E4F05A0000000029F700107C50100E30E4F05A0000000819F700107C50180"))
    registry.add(all, registry.parse(scopes.isd, hex"E30E4F05A0000000999F700101C50180"))
    local order = {}
    for i, entry in ipairs(registry.list(all)) do order[i] = hex.encode(entry.aid):sub(-2) end
    check.equal(table.concat(order, " "), "99 81 02 09 01")
  end,
}
