--- Access rules: which phone application may reach which applet (GPD Secure Element Access Control, the ARA-M applet).
---
---   access.add(isd, { aid = applet, app = sha1_of_the_certificate, apdu = "always" })
---   for _, rule in ipairs(access.list(run.card)) do ... end
---
--- A rule is REF-AR-DO: E2 { E1 { 4F AID, C1 hash of the certificate }, E3 { D0 APDU rule, D1 NFC rule } }. Without a
--- rule, a phone's applications do not get through to the applet at all.
local apdu = require "apdu"
local tlv = require "tlv"
local errors = require "cw.errors"
local gp = require "cw.gp"
local hex = require "hex"
local perso = require "cw.perso"

---@class cw.access
local access = {}

--- AID of the access rule application master.
access.aid = hex"A00000015141434C00"

---@class AccessRule
---@field aid? string applet, or the beginning of its AID; default: all applets that no rule names
---@field app? string SHA-1 or SHA-256 of the certificate of the phone's application; default: all applications
---@field apdu? "always"|"never"|string what it may send; else APDU filters, 8 bytes each: header and mask
---@field nfc? "always"|"never" whether it hears of contactless events

local rule_fields = { aid = true, app = true, apdu = true, nfc = true }
local word_of = { ["\0"] = "never", ["\1"] = "always" }
local byte_of = { never = "\0", always = "\1" }

--- REF-DO: E1 { 4F AID, C1 hash }. An empty 4F is every applet without a rule of its own (table 6-3), an empty C1 every
--- application (table 6-4).
---@param rule AccessRule
---@return string
function access.reference(rule)
  local app = rule.app or ""
  if #app ~= 0 and #app ~= 20 and #app ~= 32 then
    errors.raise("usage", "access rule: app is the SHA-1 or SHA-256 of a certificate, not " .. #app .. " bytes")
  end
  return tlv.build(0xE1, tlv.build(0x4F, rule.aid or "") .. tlv.build(0xC1, app))
end

--- REF-AR-DO: E2 { E1, E3 }.
---@param rule AccessRule
---@return string
function access.encode(rule)
  errors.check_options("access rule", rule, rule_fields)
  local allowed = ""
  if rule.apdu then
    local value = byte_of[rule.apdu] or rule.apdu
    if #value ~= 1 and #value % 8 ~= 0 then
      errors.raise("usage", "access rule: apdu is \"always\", \"never\" or filters of 8 bytes each")
    end
    allowed = allowed .. tlv.build(0xD0, value)
  end
  if rule.nfc then
    if not byte_of[rule.nfc] then errors.raise("usage", "access rule: nfc is \"always\" or \"never\"") end
    allowed = allowed .. tlv.build(0xD1, byte_of[rule.nfc])
  end
  if allowed == "" then errors.raise("usage", "access rule: says neither apdu nor nfc") end
  return tlv.build(0xE2, access.reference(rule) .. tlv.build(0xE3, allowed))
end

--- The rules in Response-ALL-REF-AR-DO: FF40 { E2, E2, ... }.
---@param data string
---@return AccessRule[]
function access.parse(data)
  local rules = {}
  for _, object in ipairs(tlv.parse(tlv.find(data, "FF40") or "")) do
    if object.tag == 0xE2 then
      local function field(path) return tlv.find(object.value, path) end
      local aid, app, filter, nfc = field("E1/4F"), field("E1/C1"), field("E3/D0"), field("E3/D1")
      rules[#rules + 1] = {
        aid = aid ~= "" and aid or nil,
        app = app ~= "" and app or nil,
        apdu = filter and (word_of[filter] or filter),
        nfc = nfc and word_of[nfc],
      }
    end
  end
  return rules
end

-- Length that the outermost object announces, with its own header; nil while the header is not all there.
local function announced(data)
  local first = data:byte(3)
  if not first then return nil end
  if first < 0x80 then return 3 + first end
  local size, count = 0, first - 0x80
  if #data < 3 + count then return nil end
  for i = 1, count do size = 256 * size + data:byte(3 + i) end
  return 3 + count + size
end

--- All rules: GET DATA FF40, and FF60 until everything that was announced is there (SEAC 4.1). Raises card: no ARA-M.
---@param card Card
---@return AccessRule[]
function access.list(card)
  gp.select(card, access.aid)
  local all = apdu.command { cla = 0x80, ins = 0xCA, p1 = 0xFF, p2 = 0x40, le = 256 }
  local next_part = apdu.command { cla = 0x80, ins = 0xCA, p1 = 0xFF, p2 = 0x60, le = 256 }
  local answer = card:send(all)
  if answer.sw == 0x6A88 then return {} end
  if answer.sw ~= 0x9000 then errors.refused(all, answer.sw) end
  local data = answer.data
  while #data < (announced(data) or math.huge) do
    local part = card:expect(next_part)
    if part == "" then errors.raise("card", "GET DATA [next]: the ARA-M announced more rules than it gives") end
    data = data .. part
  end
  return access.parse(data)
end

--- True if the rule is among `rules`, in all its fields.
---@param rules AccessRule[]
---@param wanted AccessRule
---@return boolean
function access.has(rules, wanted)
  for _, rule in ipairs(rules) do
    if rule.aid == wanted.aid and rule.app == wanted.app and rule.apdu == wanted.apdu and rule.nfc == wanted.nfc then
      return true
    end
  end
  return false
end

-- The ARA-M's commands are objects of one STORE DATA (SEAC 5.1), which it gets as every application is personalized.
local function store(domain, tag, value)
  perso.store(domain, { aid = access.aid, items = { tlv.build(tag, value) }, structure = "tlv" })
end

--- Adds a rule: Command-Store-REF-AR-DO, F0 { E2 }. Raises card: 6A84 no memory, 6A89 another rule contradicts.
---@param domain SecurityDomain that the ARA-M belongs to, usually the ISD
---@param rule AccessRule
function access.add(domain, rule)
  store(domain, 0xF0, access.encode(rule))
end

--- Deletes all rules for an applet and application: Command-Delete, F1 { E1 }.
---@param domain SecurityDomain
---@param rule AccessRule aid and app alone count
function access.remove(domain, rule)
  store(domain, 0xF1, access.reference(rule))
end

return access
