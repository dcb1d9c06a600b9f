--- What cards say about themselves (tests/vectors/data-objects.json; each case by its id).
local check = require "cw.check"
local hex = require "hex"
local objects = require "cw.objects"

return {
  ["CPLC (cplc-gppro-jcop4)"] = function()
    local cplc = objects.cplc(hex"9F7F2A4790D6004700000000003244342976208448"
      .. hex"0000000000000000150F8234323937360000000000000000")
    check.equal(cplc.ic_fabricator, "4790")
    check.equal(cplc.ic_serial_number, "34297620")
    check.equal(cplc.ic_pre_perso_equipment_id, "32393736")
  end,

  ["CPLC of another length is none"] = function() check.equal(objects.cplc(hex"9F7F020000"), nil) end,

  ["keys in short form (key-info-gppro-rsa)"] = function()
    local keys = objects.key_info(hex"E020C00401018820C00402018820C00403018820C0060170A180A003C00401718010")
    check.equal(#keys, 5)
    check.equal(keys[1], { id = 1, version = 1, components = { { type = 0x88, length = 32 } } })
    check.equal(keys[4], { id = 1, version = 0x70,
                           components = { { type = 0xA1, length = 128 }, { type = 0xA0, length = 3 } } })
    check.equal(objects.count_version(keys, 1), 3)
    check.equal(objects.count_version(keys, 0x71), 1)
  end,

  ["keys in extended form (from key-info-gppro-extended)"] = function()
    local keys = objects.key_info(hex"E01C C00A0120FF80001001000100 C00E0202FF880010FF10000101000100")
    check.equal(keys[1], { id = 1, version = 0x20, components = { { type = 0x80, length = 16 } } })
    check.equal(keys[2], { id = 2, version = 2,
                           components = { { type = 0x88, length = 16 }, { type = 0x10, length = 1 } } })
  end,

  ["factory keys (key-info-openjavacard-factory)"] = function()
    check.equal(objects.count_version(objects.key_info(hex"E012C00401FF8010C00402FF8010C00403FF8010"), 0xFF), 3)
  end,

  ["no key information is no keys"] = function() check.equal(objects.key_info(""), {}) end,

  ["card data with two protocols (card-data-gppro-2)"] = function()
    local data = objects.card_data(hex"6657735506072A864886FC6B01600B06092A864886FC6B020202630906072A864886FC6B03640B"
      .. hex"06092A864886FC6B040370640B06092A864886FC6B048000650A06082A864886FC6B0504660C060A2B060104012A026E0103")
    check.equal(data.gp_version, "2.2")
    check.equal(data.scp[1], { scp = 3, i = 112 })
    check.equal(data.configuration, "1.2.840.114283.5.4")
    check.equal(data.chip, "1.3.6.1.4.1.42.2.110.1.3")
  end,

  ["an object identifier whose first numbers are large"] = function()
    check.equal(objects.oid(hex"883703"), "2.999.3")
  end,
}
