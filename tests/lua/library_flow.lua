--- What the demo flows do not use of the library, on a card: every call is followed by a look at the card.
---
---   $ cardwright run tests/lua/library_flow.lua --card sim --set cap=tests/caps/wallet-1.0.cap --set pin=@pin.txt
local access = require "cw.access"
local check = require "cw.check"
local gp = require "cw.gp"
local hex = require "hex"
local keys = require "keys"
local perso = require "cw.perso"
local sd = require "cw.sd"

local first, second = hex"F06361726477A1", hex"F06361726477A2"
local ara_m_package = hex"A00000015141434C"

-- Access rules, where the card has an ARA-M.
local function rules(isd, card)
  if not isd:entry(ara_m_package) then return end
  if not isd:entry(access.aid) then isd:install { elf = ara_m_package, module = access.aid } end
  local rule = { aid = hex"F063617264770101", app = ("a"):rep(20), apdu = "always" }
  access.add(isd, rule)
  check.equal(access.has(access.list(card), rule), true)
  access.add(isd, { apdu = "never", nfc = "always" })
  access.remove(isd, rule)
  check.equal(access.list(card), { { apdu = "never", nfc = "always" } })

  -- More than one answer holds.
  for i = 1, 12 do access.add(isd, { aid = first .. string.char(i), app = ("b"):rep(20), apdu = "always" }) end
  check.equal(#access.list(card), 13)
end

local function create(isd, aid)
  check.equal(sd.state(isd.card, aid), nil)
  sd.create(isd, {
    aid = aid, privileges = "804000", scp = keys.info("demo.sd").type == "aes" and "03" or "02",
  })
  check.equal(sd.state(isd.card, aid), "SELECTABLE")
  sd.first_keys(isd, { aid = aid, keys = "demo.sd" })
  sd.first_keys(isd, { aid = aid, keys = "demo.sd" })  -- once more changes nothing
  check.equal(sd.state(isd.card, aid), "PERSONALIZED")
  check.equal(sd.state(isd, aid), "PERSONALIZED")
end

local function personalize(ssd, applet, pin)
  perso.store(ssd, { aid = applet, encrypted = true, more = true, dgis = { { 0x8201, perso.encrypted(ssd, pin) } } })
  -- Two blocks: the second grouping no longer fits into the first.
  perso.store(ssd, { aid = applet, dgis = { { 0x0101, ("x"):rep(200) }, { 0x0103, ("y"):rep(200) } } })
  gp.select(ssd.card, applet)
  check.equal(gp.get_data(ssd.card, 0x0103), ("y"):rep(200))
end

return {
  name = "tests/library",
  summary = "Use every part of the library on a card, and look at the card after each",

  args = {
    cap = { type = "cap", help = "CAP file with an applet" },
    pin = { type = "secret", help = "a secret to store in the applet", max = 8 },
  },
  needs = { keys = { "isd", "demo.sd" } },

  run = function(run)
    local cap = run.args.cap
    local elf, applet = cap.package_aid, cap.applets[1]
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })

    rules(isd, run.card)
    create(isd, first)
    create(isd, second)

    -- Loaded by the domain itself where it may manage content, else by the ISD for it.
    local ssd = gp.open(run.card, { aid = first, keys = "demo.sd", flavor = run.flavor })
    local manager = #isd:entry(first).privileges > 1 and ssd or isd
    manager:load(cap, { sd = first, hash = "sha256" })
    manager:install { elf = elf, module = applet }
    check.equal(isd:entry(elf).sd, first)
    check.equal(isd:entry(applet).state, "SELECTABLE")

    if run.flavor.install_for_personalization then personalize(ssd, applet, run.args.pin) end

    -- The domain sees what is its own.
    check.equal(ssd:registry()[second], nil)
    check.equal(ssd:registry()[applet].sd, first)
    check.raises("gp.select first", function() gp.get_data(run.card, 0x5F50) end)
    ssd:store_data(hex"5F5005" .. "https")
    check.equal(ssd:get_data(0x5F50), hex"5F5005" .. "https")

    isd:extradite(applet, second)
    check.equal(isd:entry(applet).sd, second)

    isd:delete_related(elf)
    isd:delete_related(elf)
    check.equal(isd:registry()[elf], nil)

    sd.lock(isd, first)
    check.equal(sd.state(isd, first), "LOCKED")
    sd.unlock(isd, first)
    check.equal(sd.state(isd, first), "PERSONALIZED")

    sd.delete(isd, first)
    sd.delete(isd, second)
    sd.delete(isd, second)
    check.equal(sd.state(isd, first), nil)

    isd:close()
    check.equal(#isd:key_info() > 0, true)
    run:print("all as expected")
  end,
}
