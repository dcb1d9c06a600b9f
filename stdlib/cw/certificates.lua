--- Certificates of the keys in a security domain, stored in it and read back: STORE DATA and GET DATA of the
--- certificate store BF21, under the key that A6 names (GlobalPlatform Amendment F; GPCS 11.3, 11.11). Of several, each
--- vouches for the next; that of the key comes last, as the hosts of SCP11 read them.
---
---   local of = { id = 0x13, version = 0x03 }
---   if certificates.read(ssd, of) ~= chain then certificates.store(ssd, of, chain) end
local tlv = require "tlv"
local errors = require "cw.errors"
local objects = require "cw.objects"
local perso = require "cw.perso"

---@class cw.certificates
local certificates = {}

-- A store of certificates, one of GlobalPlatform's own form in it, and one of X.509.
local STORE, OWN, X509 = 0xBF21, 0x7F21, 0x30

---@class KeyReference
---@field id integer key identifier, 1..127
---@field version integer key version number, 1..127

--- The control reference template of a key: A6 { 83 identifier, version }.
---@param of KeyReference
---@return string
function certificates.reference(of)
  for _, name in ipairs { "id", "version" } do
    local value = of[name]
    if type(value) ~= "number" or value < 1 or value > 127 then
      errors.raise("usage", ("a key is named by its id and its version, 1 to 127 each; %s is missing or none")
        :format(name))
    end
  end
  return tlv.build(0xA6, tlv.build(0x83, string.char(of.id, of.version)))
end

-- The tags of what is in `node`, "" if it holds no TLV.
---@param node TlvNode|nil
---@return string
local function inside(node)
  local tags = {}
  for at, child in ipairs(node and node.children or {}) do tags[at] = ("%02X"):format(child.tag) end
  return table.concat(tags, " ")
end

-- Certificate and TBSCertificate, RFC 5280 4.1: shape alone. Whether it is true, is for whoever trusts it.
---@param node TlvNode
---@return boolean
local function is_x509(node)
  if node.tag ~= X509 or inside(node) ~= "30 30 03" then return false end
  local tbs, algorithm = node.children[1], node.children[2]
  -- version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
  return inside(tbs):find("^A0 02 30 30 30 30 30") == 1 and inside(algorithm):find("^06") == 1 and
    inside(tbs.children[7]) == "30 03"
end

--- How many certificates there are in `chain`. Raises usage: it is no run of certificates, X.509 (version 3) in DER or
--- 7F21.
---@param chain string one after another
---@return integer
function certificates.count(chain)
  local ok, found = pcall(tlv.parse, chain)
  local again = ""  -- what is between them, as filler bytes, is not in it
  for _, one in ipairs(ok and found or {}) do
    if is_x509(one) or one.tag == OWN then again = again .. tlv.build(one.tag, one.value) end
  end
  if chain == "" or again ~= chain then
    errors.raise("usage", "these bytes are no certificates; give X.509 in DER, or 7F21, one after another")
  end
  return #found
end

--- The certificates of a key, as they were stored; nil: it has none, or the card has no such store (6A88).
---@param domain SecurityDomain
---@param of KeyReference
---@return string|nil chain
function certificates.read(domain, of)
  local command = objects.get_data(STORE, certificates.reference(of))
  local answer = domain:send(command)
  if answer.sw == 0x6A88 then return nil end
  if answer.sw ~= 0x9000 then errors.refused(command, answer.sw) end
  local value = tlv.find(answer.data, "BF21") or ""
  return value ~= "" and value or nil
end

--- Stores the certificates of a key, in place of those it had; they take as many blocks as they need, and the card
--- takes all of them or none. Raises usage; card: 6A88 no such key, 6A80 the card takes no certificates, or not these.
---@param domain SecurityDomain
---@param of KeyReference
---@param chain string one after another; that of the key comes last
function certificates.store(domain, of, chain)
  certificates.count(chain)
  local data = certificates.reference(of) .. tlv.build(STORE, chain)
  local blocks = perso.blocks({ data }, domain:connect().max_data)
  domain:expect_all(perso.commands(blocks, { structure = "tlv" }), "storing certificates")
end

--- Takes the certificates of a key away. Not being there is success.
---@param domain SecurityDomain
---@param of KeyReference
function certificates.remove(domain, of)
  if not certificates.read(domain, of) then return end
  local data = certificates.reference(of) .. tlv.build(STORE, "")
  domain:expect_all(perso.commands({ data }, { structure = "tlv" }), "removing certificates")
end

return certificates
