--- Keys of a card on demand (V. Alimi, JDIM 2013): the card names the key server of whoever issued it (5F50), which
--- derives that card's keys for a TSM that is accredited, and sends them under a KEK.
---
---   local shown = key_server.look(run.card, aid)
---   local given = key_server.ask(shown, { servers = run.args.servers, kek = "issuer.kek", kek_index = 1 })
---   local isd = gp.open(run.card, { aid = aid, keys = given.keys, version = given.version })
---
--- The keys are custody's from the answer on: they have a name, as long as the attempt lasts. The card's URL is a
--- stranger's word: it only chooses among the servers that flow and policy know.
local hex = require "hex"
local http = require "http"
local json = require "json"
local keys = require "keys"
local log = require "log"
local tlv = require "tlv"
local errors = require "cw.errors"
local gp = require "cw.gp"
local key_looks = require "cw.key_looks"
local objects = require "cw.objects"
local rotation = require "cw.rotation"

---@class cw.key_server
local key_server = {}

-- Below the URL that the card names.
local PATH = "/v1/keys"
local LONGEST_URL = 255

local MANAGER_URL, DIVERSIFICATION_DATA, SEQUENCE_COUNTER = 0x5F50, 0x00CF, 0x00C1

---@class ShownKeys
---@field place string "the issuer security domain", "domain F063..."
---@field url string key server, as the card has it in 5F50
---@field key_data string value of CF: 10 bytes
---@field key_information string E0, with its tag
---@field sequence_counter? string value of C1, where the card has one: SCP02, and SCP03 with pseudo-random challenges
---@field keys CardKey[] what is in E0

-- A URL that can be told from what it is held against: text, no user, query, fragment, escape or way up in it.
local function plain_url(place, url)
  if #url == 0 or #url > LONGEST_URL or url:find("[^%w%-._~:/%[%]]") or url:find("..", 1, true)
    or not url:match("^https?://[^/]+") then
    errors.raise("card", ("%s names no key server that can be asked (5F50): %s; it is to be a plain https:// URL of at "
      .. "most %d characters"):format(place, hex.encode(url:sub(1, 64)), LONGEST_URL))
  end
  return (url:gsub("/+$", ""))
end

--- What a security domain shows to everybody that its key server wants to know: SELECT, and GET DATA of 5F50, CF, E0
--- and C1, in the plain; one exchange with a remote device. Ends the secure channel of any domain. Raises card: it
--- names no key server, or has no diversification data or key information.
---@param card Card
---@param aid string empty: whatever an empty SELECT finds, the ISD
---@return ShownKeys
function key_server.look(card, aid)
  local place = aid == "" and "the issuer security domain" or "domain " .. hex.encode(aid)
  gp.forget_channel()
  local plan = key_looks.plan { aid }
  local select, at = plan[1], {}
  for _, tag in ipairs { MANAGER_URL, DIVERSIFICATION_DATA, SEQUENCE_COUNTER } do
    plan[#plan + 1] = objects.get_data(tag)
    at[tag] = #plan
  end
  local answers = card:send_each(plan)
  if answers[1].sw ~= 0x9000 then errors.refused(select, answers[1].sw) end
  key_looks.take(card, { aid }, answers)
  local function value(tag)
    local answer = answers[at[tag]]
    if answer.sw ~= 0x9000 then return nil end
    local is_tlv, found = pcall(tlv.find, answer.data, ("%02X"):format(tag))
    return is_tlv and found or answer.data
  end

  local url, key_data = value(MANAGER_URL), value(DIVERSIFICATION_DATA)
  if not url then
    errors.raise("card", place .. " names no key server: GET DATA 5F50 answers " .. ("%04X"):format(
      answers[at[MANAGER_URL]].sw) .. "; keys of this card are to be had from its issuer in another way")
  end
  if not key_data or #key_data ~= 10 then
    errors.raise("card", ("%s shows no 10 bytes of key diversification data (GET DATA CF), so no key server can know "
      .. "its keys"):format(place))
  end
  local shown = { place = place, url = plain_url(place, url), key_data = key_data, keys = {} }
  shown.sequence_counter = value(SEQUENCE_COUNTER)
  shown.key_information = answers[2].sw == 0x9000 and answers[2].data or ""
  shown.keys = key_looks.known(card, aid).keys
  if #shown.keys == 0 then
    errors.raise("card", ("%s shows no key information (GET DATA E0), so no key server can say which keys it has")
      :format(place))
  end
  return shown
end

-- Asking -------------------------------------------------------------------------------------------------------------

---@class AskOptions
---@field servers string beginnings of the URLs that the card may name, each ending in '/', with spaces between; as in
---  the flow's needs.backends
---@field kek string the KEK that we share with the key server, in needs.keys and in `keks` of the policy's backend
---@field kek_index integer what the key server knows it by: 0..255
---@field wrap? string form that was agreed on with it: "aes-key-wrap" (default), "aes-cbc", "des-ecb"
---@field except? integer key version number that is known to be ours: the server is not told of it

---@class GivenKeys
---@field keys string name of the key set, for gp.open; gone when the attempt ends
---@field version integer key version number on the card
---@field type "aes"|"des"
---@field server string URL that was asked

local ask_options = { servers = true, kek = true, kek_index = true, wrap = true, except = true }

-- What to do about what a key server says no with.
local advice = {
  NotAccredited = "have the key server's operator accredit our certificate for this card, and see that it is in date",
  UnknownCard = "the keys that the card shows are not those that this server derives",
  UnknownKek = "exchange a KEK with the key server's operator, and give the index that it has there",
  Malformed = "the key server does not read what the card says, or is known by another URL there",
  Unavailable = "nothing was sent to the card; run it again later",
}

local function shorten(text)
  text = tostring(text):gsub("[%c\127-\255]", " ")
  return #text > 200 and text:sub(1, 200) .. "..." or text
end

-- The server that a URL is of; nil: none of them.
local function server_of(servers, url)
  for server in servers:gmatch("%S+") do
    if server:sub(-1) == "/" and url:sub(1, #server) == server then return server end
  end
  return nil
end

-- One request; the answer's fields, or nil, its fault and the whole of what it says. Raises policy: it is not to be
-- asked; http: no answer.
local function call(what, url, request)
  local ok, reply = pcall(http.request, {
    method = "POST", url = url, headers = { ["content-type"] = "application/json; charset=utf-8" },
    body = json.encode(request),
  })
  if not ok then
    if type(reply) == "table" and reply.kind == "policy" then
      errors.raise("policy", ("the card names %s as its key server (5F50), which is none that may be asked: %s")
        :format(url:sub(1, -#PATH - 1), reply.message))
    end
    error(reply, 0)
  end
  local read, answer = pcall(json.decode, reply.body)
  answer = read and type(answer) == "table" and answer or nil
  if reply.status ~= 200 then
    local fault = answer and type(answer.fault) == "string" and answer.fault or nil
    local why = fault and ("%s, %s"):format(shorten(fault), shorten(answer.message)) or shorten(reply.body)
    return nil, fault, ("%s: the key server says no, with HTTP status %d: %s%s")
      :format(what, reply.status, why, advice[fault] and "; " .. advice[fault] or "")
  end
  if not answer then errors.raise("http", what .. ": the answer is no JSON object: " .. shorten(reply.body)) end
  return answer
end

local function bytes_in(what, answer, name)
  local ok, bytes = pcall(hex.decode, answer[name])
  if type(answer[name]) == "string" and ok and bytes ~= "" then return bytes end
  errors.raise("http", ("%s: %s in the answer is no string of hex digits"):format(what, name))
end

local TYPE_CODES = { aes = 0x88, des = 0x80 }
local key_types = { AES = "aes", DES = "des" }

-- Whether the card shows three keys of that version, type and length; nil: any.
local function shows(shown, version, code, size)
  local count = 0
  for _, key in ipairs(shown.keys) do
    local part = key.components[1]
    if key.version == version and part and part.type == code and (not size or part.length == size) then
      count = count + 1
    end
  end
  return count >= 3
end

-- What a card shows, without the keys of one version.
local function without(shown, version)
  local out, objects_left = {}, {}
  for name, value in pairs(shown) do out[name] = value end
  for _, template in ipairs(tlv.parse(shown.key_information)) do
    for _, object in ipairs(template.tag == 0xE0 and template.children or {}) do
      local ours = object.tag == 0xC0 and object.value:byte(2) == version
      if not ours then objects_left[#objects_left + 1] = tlv.build(object.tag, object.value) end
    end
  end
  out.key_information = tlv.build(0xE0, table.concat(objects_left))
  out.keys = objects.key_info(out.key_information)
  return out
end

-- As key_server.ask; nil, fault and words where the server says no.
local function ask(shown, options)
  if options.except then shown = without(shown, options.except) end
  local url = shown.url .. PATH
  local what = ("asking %s for the keys of card %s"):format(shown.url, hex.encode(shown.key_data))
  local answer, fault, why = call(what, url, {
    url = shown.url, keyData = hex.encode(shown.key_data), keyInformation = hex.encode(shown.key_information),
    sequenceCounter = shown.sequence_counter and hex.encode(shown.sequence_counter) or nil,
    kekIndex = options.kek_index,
  })
  if not answer then return nil, fault, why end
  local kind = key_types[answer.keyType]
  local version = type(answer.keyVersion) == "string" and answer.keyVersion:match("^%x%x$")
    and tonumber(answer.keyVersion, 16) or nil
  if not kind or not version then
    errors.raise("http", what .. ": keyType in the answer is none of AES and DES, or keyVersion no two hex digits")
  end
  if not shows(shown, version, TYPE_CODES[kind]) then
    errors.raise("http", ("%s: it gave %s keys of version %02X, and the card shows no such three; nothing is tried")
      :format(what, answer.keyType, version))
  end
  local set = keys.unwrap {
    name = "card", under = options.kek, wrap = options.wrap, type = kind, version = version,
    from = server_of(options.servers, url) or url,
    keys = { bytes_in(what, answer, "encEnc"), bytes_in(what, answer, "encMac"), bytes_in(what, answer, "encDek") },
    kcvs = { bytes_in(what, answer, "kcvEnc"), bytes_in(what, answer, "kcvMac"), bytes_in(what, answer, "kcvDek") },
  }
  if not shows(shown, version, TYPE_CODES[kind], set.size) then
    errors.raise("http", ("%s: it gave keys of %d bytes, and those of version %02X on the card have another length; "
      .. "nothing is tried"):format(what, set.size, version))
  end
  log.debug(("%s: version %02X, %s"):format(what, version, answer.keyType))
  return { keys = set.name, version = version, type = kind, server = shown.url }
end

--- Asks the key server that the card names for the card's keys, and has custody unwrap them. Nothing is sent to the
--- card. Raises policy: the card names a server that is none of `servers`, or the policy does not let it be asked, or
--- give keys under this KEK; http: no answer, one that says no, or one whose keys the card does not show; usage: the
--- keys are not under this KEK, or their check values are others.
---@param shown ShownKeys
---@param options AskOptions
---@return GivenKeys
function key_server.ask(shown, options)
  errors.check_options("key_server.ask", options, ask_options)
  local given, _, why = ask(shown, options)
  if not given then errors.raise("http", why) end
  return given
end

-- Taking over --------------------------------------------------------------------------------------------------------

---@class TakeOverOptions : AskOptions
---@field aid string domain whose keys change; empty: the ISD
---@field to string name of our key set
---@field version? integer key version number that ours get: another than the issuer's; default: that of `to`
---@field fleet? boolean ours may be the same on all cards, and not derived for each
---@field flavor? table run.flavor

---@class TakeOver
---@field our_keys_work fun(): boolean the card shows our keys and lets us in with them
---@field put_our_keys fun() puts them there, let in by those of the key server
---@field issuer_keys_gone fun(): boolean the card shows no others, or none that the key server knows
---@field delete_issuer_keys fun() deletes those that the key server knows and that open the card, let in by ours
---@field asked fun(): GivenKeys|nil what the key server gave in this attempt; nil: it was not asked
---@field left fun(): integer[] versions of other keys that may open a channel, and stay

local take_over_options = {
  servers = true, kek = true, kek_index = true, wrap = true, aid = true, to = true, version = true, fleet = true,
  flavor = true,
}

-- From here on versions are by convention those of token, receipt, DAP and other keys.
local OTHER_KEYS = 0x70
local FACTORY = 0xFF

-- Versions of three keys that may open a channel, without ours.
local function other_versions(shown, ours)
  local out, seen = {}, { [ours] = true }
  for _, key in ipairs(shown) do
    local opens = key.version < OTHER_KEYS or key.version == FACTORY
    if opens and not seen[key.version] and objects.count_version(shown, key.version) >= 3 then
      out[#out + 1] = key.version
    end
    seen[key.version] = true
  end
  return out
end

--- Putting our own keys onto a card whose keys a key server knows (sd.rotate, from those to ours), as functions for two
--- steps. No tear leaves a card whose keys nobody knows: ours are added beside the issuer's, which are deleted when
--- ours work. The key server is asked when its keys are needed, and not for a card that has ours. Nothing is deleted at
--- its word alone: keys of its that this attempt did not use open a channel first.
---
--- Ours travel to the card under keys that its issuer knows. Whoever has those and hears the channel has ours, so they
--- are to be derived for each card. Raises usage: `to` has no key version number, or is the same on all cards and
--- `fleet` is not set.
---@param card Card
---@param options TakeOverOptions
---@return TakeOver
function key_server.take_over(card, options)
  errors.check_options("key_server.take_over", options, take_over_options)
  local aid, to = options.aid, options.to
  local ours = keys.info(to)
  local version = options.version or ours.version
  if #ours.kcvs > 0 and not options.fleet then
    errors.raise("usage", ("key_server.take_over: key set '%s' is the same on every card, and goes onto this one under "
      .. "keys that its issuer knows: whoever has those and hears it opens all of ours. Give a master key that is "
      .. "diversified, or say fleet = true"):format(to))
  end
  if version == 0 then
    errors.raise("usage", "key_server.take_over: our keys need a key version number, so that the card can show them")
  end
  local asked, plan
  local put = false      -- in this attempt, let in by the key server's
  local strange = false  -- the key server knows none of the keys beside ours

  -- False and why: it knows none that the card shows beside ours.
  local function ask_server()
    if asked then return true end
    local given, fault, why = ask(key_server.look(card, aid), {
      servers = options.servers, kek = options.kek, kek_index = options.kek_index, wrap = options.wrap,
      except = version,
    })
    if not given and fault ~= "UnknownCard" then errors.raise("http", why) end
    if not given then return false, why end
    asked = given
    plan = rotation.plan(card, {
      aid = aid, from = asked.keys, to = to, version = version, flavor = options.flavor,
    })
    return true
  end

  local function shown_keys() return gp.look_at_keys(card, aid).keys end

  -- Whether the three keys of our version may be ours, by what the card says of them; no attempt is spent.
  local function are_of_our_kind(shown)
    for _, key in ipairs(shown) do
      local part = key.components[1]
      local same = part and part.type == TYPE_CODES[ours.type] and part.length == ours.size
      if key.version == version and key.id <= 3 and not same then return false end
    end
    return true
  end

  -- After a tear it is not known which of the others were the issuer's. Its key server says, and the card confirms.
  local function prove_asked()
    local ok, opened = pcall(gp.open, card, {
      aid = aid, keys = asked.keys, version = asked.version, flavor = options.flavor,
    })
    if ok then return end
    if type(opened) ~= "table" or opened.kind ~= "channel" then error(opened, 0) end
    errors.raise("channel", ("%s gave keys of version %02X that do not open the card, so those on it are not known to "
      .. "be the issuer's, and stay; ours work: %s"):format(asked.server, asked.version, opened.message))
  end

  return {
    our_keys_work = function()
      local shown = shown_keys()
      if objects.count_version(shown, version) < 3 then return false end
      if not are_of_our_kind(shown) then
        errors.raise("card", ("the card shows keys of version %02X that are no '%s': another type or length. Give ours "
          .. "another version; no attempt was spent"):format(version, to))
      end
      local ok, opened = pcall(gp.open, card, { aid = aid, keys = to, version = version, flavor = options.flavor })
      if ok then return true end
      if type(opened) ~= "table" or opened.kind ~= "channel" then error(opened, 0) end
      errors.raise("channel", ("the card shows keys of version %02X, and they are not '%s': if they are the issuer's, "
        .. "give ours another version; nothing more is tried: %s"):format(version, to, opened.message))
    end,
    put_our_keys = function()
      local known, why = ask_server()
      if not known then errors.raise("http", why) end
      plan.put_new_keys()
      put = true
    end,
    issuer_keys_gone = function()
      if plan then return plan.old_keys_gone() end
      return strange or #other_versions(shown_keys(), version) == 0
    end,
    delete_issuer_keys = function()
      local known, why = ask_server()
      if known then
        if not put then prove_asked() end
        return plan.delete_old_keys()
      end
      log.warn("keys beside ours stay, since their key server knows none of them: " .. why)
      strange = true
    end,
    asked = function() return asked end,
    left = function() return other_versions(shown_keys(), version) end,
  }
end

return key_server
