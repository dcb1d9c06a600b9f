--- Certificates of a domain's keys, stored and read back (GlobalPlatform Amendment F), by the domain's own provider.
local hex = require "hex"
local certificates = require "cw.certificates"
local gp = require "cw.gp"

local domain = hex"F063617264770001"
-- Made with the openssl command: an authority, and the key of a card.
local authority =
  hex"308201853082012BA003020102021443A44573079A79A241120BB18AFFC0E515948E64300A06082A8648CE3D04030230" ..
  hex"173115301306035504030C0C534420617574686F726974793020170D3236313132363138333032335A180F3231323631" ..
  hex"3130323138333032335A30173115301306035504030C0C534420617574686F726974793059301306072A8648CE3D0201" ..
  hex"06082A8648CE3D03010703420004907A2E0E05B3184CCCA559011ACDE5DFB52B95D278EA47B1B98E2A5345734200F761" ..
  hex"50C1CED0C473908F43135B856D73FC259823DD930B38E87FFB52FD30A450A3533051301D0603551D0E04160414A8C4A3" ..
  hex"CB6D359A1B90955762D05CB64EF879D0BD301F0603551D23041830168014A8C4A3CB6D359A1B90955762D05CB64EF879" ..
  hex"D0BD300F0603551D130101FF040530030101FF300A06082A8648CE3D0403020348003045022067506DC21E664C09FDDA" ..
  hex"928153D354FE072E97E44EE93D7056BF25095A1FCEA4022100E12ABE985BD085CEEA4C2FC27DFF92D55CF204C9F212A7" ..
  hex"2C5D49614779DC6C5C"
local card =
  hex"3082017A3082011FA00302010202144EDF4CBDD86538926CDFF4169939B9E2D85156A3300A06082A8648CE3D04030230" ..
  hex"11310F300D06035504030C066361726420373020170D3236313132363138333032335A180F3231323631313032313833" ..
  hex"3032335A3011310F300D06035504030C066361726420373059301306072A8648CE3D020106082A8648CE3D0301070342" ..
  hex"0004907A2E0E05B3184CCCA559011ACDE5DFB52B95D278EA47B1B98E2A5345734200F76150C1CED0C473908F43135B85" ..
  hex"6D73FC259823DD930B38E87FFB52FD30A450A3533051301D0603551D0E04160414A8C4A3CB6D359A1B90955762D05CB6" ..
  hex"4EF879D0BD301F0603551D23041830168014A8C4A3CB6D359A1B90955762D05CB64EF879D0BD300F0603551D130101FF" ..
  hex"040530030101FF300A06082A8648CE3D040302034900304602210093294EC97F27A20C88669319708CFFCF7D080D8A95" ..
  hex"0F09F5A4F2DEFDA0D4A57E022100F8DFB0D43B29B8A02C7F6FDA359FD17341B37CA5AA420E7C2794E25225C5DE35"

local function read(t, version)
  local ssd = gp.open(t.card, { aid = domain, keys = "demo.sd" })
  return certificates.read(ssd, { id = 1, version = version or 0x30 })
end

return {
  summary = "Certificates of a domain's key: stored in several blocks, replaced, found done, torn anywhere",
  tags = { "provider", "certificates" },
  needs = { keys = { "isd", "demo.sd" }, card = { "content management", "simulated", "fresh" } },
  given = { flows = { { "_parts/provider.lua", {} } } },
  seconds = 120,

  run = function(t)
    local chain = { certificates = authority .. card, key_id = 1, key_version = 0x30 }
    t:converges("sd/store-certificate", chain)
    t:equal(read(t), nil, "none at first")
    t:run("sd/store-certificate", chain)
    t:equal(read(t), authority .. card, "both, in their order")
    t:unchanged(function() t:run("sd/store-certificate", chain) end)

    t:run("sd/store-certificate", { certificates = card, key_id = 1, key_version = 0x30 })
    t:equal(read(t), card, "the new ones took the place of the old")

    t:fails("sd/store-certificate", { certificates = card, key_id = 1, key_version = 0x31 },
      { kind = "card", sw = 0x6A88 })
    for _, garbage in ipairs { hex"DEADBEEF", hex"3003020101", card:sub(5), "0" .. card:sub(2, -2) } do
      t:fails("sd/store-certificate", { certificates = garbage, key_id = 1, key_version = 0x30 },
        { kind = "usage", message = "no certificates" })
    end
    t:equal(read(t), card, "what was refused left them alone")

    local ssd = gp.open(t.card, { aid = domain, keys = "demo.sd" })
    certificates.remove(ssd, { id = 1, version = 0x30 })
    t:equal(read(t), nil, "taken away")
  end,
}
