--- The SEI-TSM interface of T/TAF 096-2021 from the SP-TSM's side: an issuer creates, locks, unlocks and deletes our
--- security domain, and signs tokens for what we do in it.
---
---   local issuer = sei.issuer { url = "https://sei.acme.example/sei/v1/", tenant = "transit" }
---   issuer:create(run.card, { aid = aid, privileges = "A00000", scp = "0370" })
---
--- What the issuer wants sent to the card comes wrapped for its own secure channel: the policy sees the headers alone
--- (Card:relay), and names the instructions in allow.backends. The standard prints field tables and no more; what it
--- leaves open, or prints in two ways, is in the profile (sei.profile), with what is usual.
local apdu = require "apdu"
local clock = require "clock"
local domains = require "domains"
local hex = require "hex"
local http = require "http"
local json = require "json"
local keys = require "keys"
local log = require "log"
local random = require "random"
local tlv = require "tlv"
local errors = require "cw.errors"
local gp = require "cw.gp"

---@class cw.sei
local sei = {}

---@class SeiProfile
---@field url string of the SEI-TSM, ending in "/", as in needs.backends
---@field tenant string tenantId: who we are to the issuer
---@field paths? {ssd: string, commands: string, token: string, keys: string} below url, of tables 1, 3 and 5, and
---  where keys are asked for, which has no table
---@field operations? table<string, string> what optType says to create, lock, unlock, delete and token
---@field operation_field? string name of that field: the tables print optType
---@field headers? table<string, string> more headers of each request
---@field message_key? string key in custody that signs our messages; default: they are not signed
---@field rounds? integer at most so many batches of commands for one operation; default 16

-- What an issuer's profile leaves out.
local defaults = {
  paths = { ssd = "ssd", commands = "commands", token = "token", keys = "keys" },
  operations = {
    create = "CREATE_SSD", lock = "LOCK_SSD", unlock = "UNLOCK_SSD", delete = "DELETE_SSD", token = "CREATE_TOKEN",
  },
  operation_field = "optType",
  headers = {},
  rounds = 16,
}

local profile_fields = {
  url = true, tenant = true, paths = true, operations = true, operation_field = true, headers = true, rounds = true,
  message_key = true,
}

-- More than any issuer needs for one batch, and as many as Card:relay takes.
local MOST_COMMANDS = 4096

---@class Issuer
---@field profile SeiProfile
local Issuer = {}
Issuer.__index = Issuer

--- An issuer's SEI-TSM. Raises usage: a field that the profile does not have, or one that is missing.
---@param profile SeiProfile
---@return Issuer
function sei.issuer(profile)
  errors.check_options("sei.issuer", profile, profile_fields)
  if type(profile.url) ~= "string" or profile.url:sub(-1) ~= "/" then
    errors.raise("usage", "sei.issuer: 'url' is the SEI-TSM's address and ends in '/', as in needs.backends")
  end
  if type(profile.tenant) ~= "string" or profile.tenant == "" then
    errors.raise("usage", "sei.issuer: 'tenant' is missing: the tenantId that the issuer knows us by")
  end
  local complete = {}
  for name, value in pairs(defaults) do
    local given = profile[name]
    if type(value) == "table" and type(given) == "table" then
      local merged = {}
      for key, one in pairs(value) do merged[key] = one end
      for key, one in pairs(given) do merged[key] = one end
      given = merged
    end
    complete[name] = given == nil and value or given
  end
  complete.url, complete.tenant, complete.message_key = profile.url, profile.tenant, profile.message_key
  return setmetatable({ profile = complete }, Issuer)
end

-- Arguments of every flow that has an issuer's SEI-TSM do something to our domain.
local arguments = {
  issuer = { type = "string", help = "URL of the SEI-TSM, ending in '/'" },
  tenant = { type = "string", help = "tenantId: who we are to the issuer" },
  domain = { type = "aid", help = "AID of the security domain; default: the flavor's", optional = true },
  message_key = { type = "key", help = "key that signs our messages, where the issuer wants that", optional = true },
}

--- A flow's arguments, and those that sei.begin takes. Such a flow needs = sei.needs.
---@param more? table<string, FlowArgument>
---@return table<string, FlowArgument>
function sei.arguments(more)
  local out = {}
  for name, value in pairs(arguments) do out[name] = value end
  for name, value in pairs(more or {}) do out[name] = value end
  return out
end

sei.needs = { backends = { "$issuer" }, keys = { "$message_key" } }

--- The issuer and the domain that a flow's arguments name.
---@param run Run
---@return Issuer
---@return string domain
function sei.begin(run)
  local args = run.args
  local issuer = sei.issuer { url = args.issuer, tenant = args.tenant, message_key = args.message_key }
  return issuer, args.domain or run.flavor.ssd_aid
end

--- The chip's unique id as an SEI-TSM knows it: CPLC (9F7F), else issuer identification and card image number (42,
--- 45), which name the ISD together, in hex digits without tags. Ends the secure channel of any domain. Raises card:
--- the card tells neither.
---@param card Card
---@return string id
---@return "cplc"|"iin+cin" which
function sei.se_id(card)
  local seen = gp.read(card, "", { 0x9F7F, 0x42, 0x45 })
  local function value(tag)
    return seen[tag] and tlv.find(seen[tag], ("%02X"):format(tag)) or nil
  end
  local cplc, iin, cin = value(0x9F7F), value(0x42), value(0x45)
  if cplc then return hex.encode(cplc), "cplc" end
  if iin and cin then return hex.encode(iin .. cin), "iin+cin" end
  errors.raise("card", "the card has no CPLC, and no IIN and CIN, so the SEI-TSM cannot be told which it is")
end

-- Calls ------------------------------------------------------------------------------------------------------------

local function shorten(text)
  text = tostring(text):gsub("%c", " ")
  return #text > 200 and text:sub(1, 200) .. "..." or text
end

-- resultCode is printed as an int whose examples are the strings "0000" and "9999".
local function succeeded(code)
  return tonumber(code) == 0
end

-- Which fields of a message are signed, in the order of its table; "" is the field of the operation. Ours follow them.
local signed_fields = {
  ssd = { "tenantId", "", "seId", "sdAid", "expPrivilege", "scpConfig" },
  commands = { "tenantId", "taskId", "seId", "respList" },
  token = { "tenantId", "", "seId", "rawData" },
  keys = { "tenantId", "seId", "sdAid" },
}

-- What a message is signed over: each value followed by a line feed, entries of a list one by one (T/TAF 8.3 asks for
-- signatures and prints none; docs/decisions/0047).
local function elements_of(profile, message, fields)
  local lines = {}
  local function add(value)
    for _, one in ipairs(type(value) == "table" and value or { value or "" }) do lines[#lines + 1] = one .. "\n" end
  end
  for _, name in ipairs(signed_fields[message]) do add(fields[name == "" and profile.operation_field or name]) end
  add(fields.timestamp)
  add(fields.nonce)
  return table.concat(lines)
end

local function sign(profile, message, fields)
  if not profile.message_key then return end
  fields.timestamp = ("%d"):format((clock.now() - clock.now() % 1000) / 1000)
  fields.nonce = hex.encode(random.bytes(16))
  fields.sign = hex.encode(keys.sign(profile.message_key, elements_of(profile, message, fields)))
end

-- One request; the answer's fields. Raises http: no answer that can be read, or one that says no.
local function call(issuer, message, what, fields)
  local profile = issuer.profile
  local path = profile.paths[message]
  local headers = { ["content-type"] = "application/json; charset=utf-8" }
  for name, value in pairs(profile.headers) do headers[name] = value end
  fields.tenantId = profile.tenant
  sign(profile, message, fields)
  local reply = http.request {
    method = "POST", url = profile.url .. path, headers = headers, body = json.encode(fields),
  }
  if reply.status ~= 200 then
    errors.raise("http", ("%s: the SEI-TSM answers with HTTP status %d: %s")
      :format(what, reply.status, shorten(reply.body)))
  end
  local ok, answer = pcall(json.decode, reply.body)
  if not ok or type(answer) ~= "table" then
    errors.raise("http", what .. ": the SEI-TSM's answer is no JSON object: " .. shorten(reply.body))
  end
  if answer.resultCode == nil then errors.raise("http", what .. ": the SEI-TSM's answer has no resultCode") end
  if not succeeded(answer.resultCode) then
    local why = answer.resultMessage
    errors.raise("http", ("%s: the SEI-TSM says no, with resultCode %s: %s")
      :format(what, shorten(answer.resultCode), why and why ~= json.null and shorten(why) or "no reason given"))
  end
  return answer
end

local function list_of(answer, field, what)
  local list = answer[field]
  if list == nil or list == json.null then return {} end
  if type(list) ~= "table" then errors.raise("http", ("%s: %s is no list"):format(what, field)) end
  if #list > MOST_COMMANDS then
    errors.raise("http", ("%s: %s has %d entries, more than %d"):format(what, field, #list, MOST_COMMANDS))
  end
  local out = {}
  for i, entry in ipairs(list) do
    local ok, bytes = pcall(hex.decode, entry)
    if type(entry) ~= "string" or not ok or bytes == "" then
      errors.raise("http", ("%s: entry %d of %s is no string of hex digits"):format(what, i, field))
    end
    out[i] = bytes
  end
  return out
end

-- What the issuer wants sent to the card. Raises http.
local function commands_in(answer, what)
  local list = list_of(answer, "apduList", what)
  for i, bytes in ipairs(list) do
    local ok, command = pcall(apdu.parse, bytes)
    if not ok then
      errors.raise("http", ("%s: entry %d of apduList is no command APDU: %s"):format(what, i, hex.encode(bytes)))
    end
    list[i] = command
  end
  return list
end

-- Operations ---------------------------------------------------------------------------------------------------------

-- The command that a batch stopped at, in the card's own terms; nil where all went well.
local function stopped_at(plan, answers)
  local last = answers[#answers]
  if #answers == #plan and errors.is_success(last.sw) then return nil end
  return ("command %d of %d, %s: %s"):format(#answers, #plan, apdu.describe(plan[#answers]),
    apdu.meaning(last.sw, plan[#answers]))
end

-- Batch after batch, until the issuer has no more.
local function rounds(issuer, card, what, operation, fields)
  local profile = issuer.profile
  fields[profile.operation_field] = profile.operations[operation]
  local answer = call(issuer, "ssd", what, fields)
  local task, done = answer.taskId, 0
  while true do
    local plan = commands_in(answer, what)
    if #plan == 0 then break end
    if type(task) ~= "string" or task == "" then errors.raise("http", what .. ": the SEI-TSM gave no taskId") end
    done = done + 1
    if done > profile.rounds then
      errors.raise("http", ("%s: the SEI-TSM wants more than %d batches of commands sent (profile: rounds)")
        :format(what, profile.rounds))
    end
    local answers = card:relay(profile.url, plan)
    local trouble = stopped_at(plan, answers)
    local responses = {}
    for i, one in ipairs(answers) do responses[i] = hex.encode(one.data) .. ("%04X"):format(one.sw) end
    log.debug(("%s: batch %d, %d of %d commands"):format(what, done, #answers, #plan))
    local ok, next = pcall(call, issuer, "commands", what,
      { taskId = task, seId = fields.seId, respList = json.array(responses) })
    if not ok then
      if trouble and type(next) == "table" then
        errors.raise(next.kind, next.message .. "; the card stopped it at " .. trouble)
      end
      error(next, 0)
    end
    answer, task = next, next.taskId or task
  end
  return { task = task, rounds = done }
end

---@class CreateSsdOptions
---@field aid string AID of the security domain, 5..16 bytes
---@field privileges string hex digits as expPrivilege has them: 800000, A00000 with delegated, 804000 with authorised
---  management
---@field scp? string scpConfig: protocol and option; default "0370"
---@field se_id? string default: sei.se_id

-- The fields that tables 1 and 2 want in each operation.
local function ssd_fields(card, options)
  return {
    seId = options.se_id or (sei.se_id(card)),
    sdAid = hex.encode(options.aid),
    scpConfig = options.scp or "0370",
    expPrivilege = options.privileges,
  }
end

-- What the domain is once the issuer has done it.
local states = { create = "present", lock = "locked", unlock = "present", delete = "deleted" }

-- expPrivilege of a domain says what it manages by itself.
local managements = { ["800000"] = "none", A00000 = "delegated", ["804000"] = "authorized" }

-- The domain is known before its issuer is asked for it: the keys may come before the last answer has. Whether the run
-- may do it to one that is there is known before, too.
local function operate(issuer, card, operation, words, options)
  local what = ("%s security domain %s"):format(words, hex.encode(options.aid))
  local fields = ssd_fields(card, options)
  local function keep(state)
    domains.put {
      aid = options.aid, state = state, se_id = fields.seId:upper(), issuer = issuer.profile.url,
      management = managements[options.privileges],
    }
  end
  if operation == "create" then keep("asked") else domains.expect { aid = options.aid, state = states[operation] } end
  gp.forget_channel()
  local out = rounds(issuer, card, what, operation, fields)
  gp.forget_channel()
  keep(states[operation])
  return out
end

local operation_options = { aid = true, scp = true, se_id = true, privileges = true }

--- Lets the issuer create our security domain (CREATE_SSD). What is there after it, the card shows: SELECT of the
--- domain and GET DATA E0, as the ISD's registry is not ours to list. Raises http: the issuer says no, or what it
--- answers is no answer; policy: the policy lets no such command through; card, budget.
---@param card Card
---@param options CreateSsdOptions
---@return {task: string, rounds: integer}
function Issuer:create(card, options)
  errors.check_options("issuer:create", options, operation_options)
  if not options.privileges then errors.raise("usage", "issuer:create: 'privileges' is missing, for expPrivilege") end
  return operate(self, card, "create", "creating", options)
end

---@class SsdOptions
---@field aid string
---@field scp? string
---@field se_id? string

--- Lets the issuer lock our domain (LOCK_SSD): its applications are blocked too. Raises as create.
---@param card Card
---@param options SsdOptions
---@return {task: string, rounds: integer}
function Issuer:lock(card, options)
  errors.check_options("issuer:lock", options, operation_options)
  return operate(self, card, "lock", "locking", options)
end

--- Lets the issuer unlock our domain (UNLOCK_SSD): back to the state it was locked in. Raises as create.
---@param card Card
---@param options SsdOptions
---@return {task: string, rounds: integer}
function Issuer:unlock(card, options)
  errors.check_options("issuer:unlock", options, operation_options)
  return operate(self, card, "unlock", "unlocking", options)
end

--- Lets the issuer delete our domain (DELETE_SSD). Raises as create.
---@param card Card
---@param options SsdOptions
---@return {task: string, rounds: integer}
function Issuer:delete(card, options)
  errors.check_options("issuer:delete", options, operation_options)
  return operate(self, card, "delete", "deleting", options)
end

--- Asks the issuer to push the keys of our domain again (table 7), to where it pushes them. Raises http.
---@param se_id string sei.se_id
---@param aid string
function Issuer:push_keys(se_id, aid)
  local name = hex.encode(aid)
  call(self, "keys", "asking for the keys of security domain " .. name, { seId = se_id, sdAid = name })
end

--- Asks the issuer for tokens of delegated management (CREATE_TOKEN): one for each entry of `signed`, in its order.
--- Raises http: the issuer says no, or gives another number of tokens.
---@param se_id string sei.se_id
---@param signed string[] what each token is computed over (GPCS C.4), as bytes
---@return string[] tokens
function Issuer:tokens(se_id, signed)
  local what = ("asking for %d token%s"):format(#signed, #signed == 1 and "" or "s")
  local raw = {}
  for i, bytes in ipairs(signed) do raw[i] = hex.encode(bytes) end
  local profile = self.profile
  local answer = call(self, "token", what, {
    [profile.operation_field] = profile.operations.token, seId = se_id, rawData = json.array(raw),
  })
  local tokens = list_of(answer, "token", what)
  if #tokens ~= #signed then
    errors.raise("http", ("%s: the SEI-TSM gave %d"):format(what, #tokens))
  end
  return tokens
end

return sei
