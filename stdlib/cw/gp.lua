--- GlobalPlatform cards: opening security domains and reading what a card tells everybody.
---
---   local isd = gp.open(run.card, { keys = "isd", level = "mac+enc", flavor = run.flavor })
---   print(isd:registry()[aid].state)
---
--- What an open domain can do is in cw/security_domain.lua.
local apdu = require "apdu"
local tlv = require "tlv"
local errors = require "cw.errors"
local flavor = require "cw.flavor"
local key_looks = require "cw.key_looks"
local objects = require "cw.objects"
local security_domain = require "cw.security_domain"

---@class cw.gp
local gp = {}

---@class OpenOptions
---@field keys string name of a key set in the flow's needs.keys
---@field or_keys? string another key set that the domain may have instead, under the same version: its answer tells
---  which, and `keys` of what comes back names it
---@field aid? string AID of the security domain; default: the flavor's ISD, else whatever an empty SELECT finds
---@field flavor? table run.flavor; default: a card that does all that GlobalPlatform says
---@field level? string security level as in Card:open_channel; default "mac+enc"
---@field version? integer key version number; default that of the key set
---@field scp? integer 1, 2 or 3: refuse another protocol
---@field i? integer options of SCP01 or SCP02, which a card does not say; default 0x05, 0x15
---@field look_at? string[] AIDs of domains whose keys sd.has_keys is to be asked about: looked at on the way, which
---  costs a remote device no exchange more

local open_options = {
  keys = true, or_keys = true, aid = true, flavor = true, level = true, version = true, scp = true, i = true,
  look_at = true,
}

--- Selects a security domain and opens a secure channel to it. Raises card: no such domain; channel: wrong keys;
--- budget.
---@param card Card
---@param options OpenOptions
---@return SecurityDomain
function gp.open(card, options)
  local domain = gp.domain(card, options)
  domain:connect()
  return domain
end

--- As gp.open, but the domain is opened when it is used first, or by SecurityDomain:hand_over.
---@param card Card
---@param options OpenOptions
---@return SecurityDomain
function gp.domain(card, options)
  errors.check_options("gp.open", options, open_options)
  if not options.keys then errors.raise("usage", "gp.open: 'keys' is missing, the name of a key set") end
  local complete = flavor.complete(options.flavor)
  return security_domain.new(card, {
    aid = options.aid or complete.isd_aid,
    keys = options.keys,
    or_keys = options.or_keys,
    flavor = complete,
    level = options.level,
    version = options.version,
    scp = options.scp,
    i = options.i,
    look_at = options.look_at,
  })
end

--- SELECT by AID; returns the FCI. It ends the secure channel of any domain that gp.open gave: that domain opens a new
--- one by itself when it is used again. Raises card: 6A82, no such application.
---@param card Card
---@param aid string 0..16 bytes; empty selects the issuer security domain
---@return string fci
function gp.select(card, aid)
  security_domain.disconnect()
  return card:select(aid)
end

--- SELECT by AID that takes a no for an answer.
---@param card Card
---@param aid string
---@return boolean found false for 6A82 (not there), 6999 (refused) and 6283 (locked)
---@return integer sw
function gp.try_select(card, aid)
  security_domain.disconnect()
  local answer = card:send(apdu.command { cla = 0x00, ins = 0xA4, p1 = 0x04, p2 = 0x00, data = aid, le = 256 })
  return answer.sw == 0x9000, answer.sw
end

--- Somebody else's commands go to the card (Card:relay): the secure channel of any domain ends with them.
function gp.forget_channel() security_domain.disconnect() end

local function refuse_in_channel(what)
  errors.raise("usage", what .. ": a plain command would end the secure channel that is open; use gp.select first, or "
    .. "get_data of the domain that gp.open gave")
end

--- GET DATA from whatever is selected, in the plain (GPCS 11.3); nil if it has no such object. Raises usage while a
--- secure channel is open, which a plain command would end: SELECT first, or ask the domain in its channel.
---@param card Card
---@param tag integer 0..0xFFFF
---@return string|nil data with tag and length, as the card gave it
function gp.get_data(card, tag)
  if security_domain.is_connected() then refuse_in_channel("gp.get_data") end
  local answer = card:send(objects.get_data(tag))
  if answer.sw == 0x9000 then return answer.data end
  return nil
end

--- SELECT and GET DATA of several objects at once, in the plain: one exchange with a remote device. Ends the secure
--- channel of any domain.
---@param card Card
---@param aid string
---@param tags integer[] 0..0xFFFF
---@return table<integer, string> those that there are, with tag and length; empty where nothing is selected
function gp.read(card, aid, tags)
  security_domain.disconnect()
  local plan = { key_looks.select(aid) }
  for i, tag in ipairs(tags) do plan[i + 1] = objects.get_data(tag) end
  local answers, out = card:send_each(plan), {}
  if answers[1].sw ~= 0x9000 then return out end
  for i, tag in ipairs(tags) do
    if answers[i + 1].sw == 0x9000 then out[tag] = answers[i + 1].data end
  end
  return out
end

--- What a domain shows of its keys to everybody: SELECT and GET DATA 00E0, at once. Asked again only when the card may
--- be another since (Card.changes); then it ends the secure channel of any domain.
---@param card Card
---@param aid string
---@return KeyLook
function gp.look_at_keys(card, aid)
  local known = key_looks.known(card, aid)
  if known then return known end
  security_domain.disconnect()
  key_looks.take(card, { aid }, card:send_each(key_looks.plan { aid }))
  return key_looks.known(card, aid)
end

--- Keys of the selected security domain (GET DATA 00E0); an empty list if the card does not tell.
---@param card Card
---@return CardKey[]
function gp.key_info(card)
  return objects.key_info(gp.get_data(card, 0x00E0) or "")
end

-- Data objects of GPCS 11.3 and of the configurations that inventories want to see.
gp.objects = {
  { tag = 0x9F7F, name = "cplc" },
  { tag = 0x0042, name = "iin" },
  { tag = 0x0045, name = "cin" },
  { tag = 0x0066, name = "card_data" },
  { tag = 0x0067, name = "card_capabilities" },
  { tag = 0x00E0, name = "key_information" },
  { tag = 0x00C1, name = "sequence_counter" },
  { tag = 0x00CF, name = "diversification_data" },
  { tag = 0xFF21, name = "free_memory" },
  { tag = 0x5F50, name = "manager_url" },
}

--- All of gp.objects that an application has: name to data, with tag and length.
---@param card Card
---@param aid? string it is selected first, which ends the secure channel of any domain; default: whatever is selected
---@return table<string, string>
function gp.read_objects(card, aid)
  if not aid and security_domain.is_connected() then refuse_in_channel("gp.read_objects") end
  if aid then security_domain.disconnect() end
  local plan, out = { aid and key_looks.select(aid) }, {}
  local ahead = #plan
  for i, object in ipairs(gp.objects) do plan[ahead + i] = objects.get_data(object.tag) end
  local answers = card:send_each(plan)
  if aid and answers[1].sw ~= 0x9000 then errors.refused(plan[1], answers[1].sw) end
  for i, object in ipairs(gp.objects) do
    if answers[ahead + i].sw == 0x9000 then out[object.name] = answers[ahead + i].data end
  end
  return out
end

--- Free memory of extended card resources (GET DATA FF21; ETSI TS 102 226 8.2.1.7.2).
---@param data string
---@return {applications: integer|nil, non_volatile: integer|nil, volatile: integer|nil} count, bytes, bytes
function gp.free_memory(data)
  local function number(path)
    local bytes = tlv.find(data, path)
    if not bytes then return nil end
    local value = 0
    for i = 1, #bytes do value = 256 * value + bytes:byte(i) end
    return value
  end
  return { applications = number("FF21/81"), non_volatile = number("FF21/82"), volatile = number("FF21/83") }
end

return gp
