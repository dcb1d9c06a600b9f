--- Builders for policies. A policy file returns plain data; C++ compiles it, and no Lua runs when a command is judged.
---
---   local p = require "cw.policy"
---   return {
---     name = "desk", api = 1,
---     allow = { flows = { "demo/*" }, channel = { scp = { "03" }, level = "mac+enc" } },
---     limits = { attempts = 5 },
---     rules = { p.deny { on = "DELETE", when = p.aid.is("isd"), because = "the ISD stays" } },
---     examples = { p.example { command = "80E40000 0A 4F08A000000151000000", expect = "deny" } },
---   }
---
--- THE DATA (an unknown field is an error)
---
--- Policy    name        string
---           api         1
---           summary     string, optional
---           allow       { flows = {pattern...},                     names of flows that may run, * as in file names;
---                                                                   none when left out
---                         channel = { scp = {"01"|"02"|"03"...},    protocols that may be opened; all when left out
---                                     level = LEVEL },              the least level a channel may have; default "none"
---                         backends = { [url prefix] = { opaque = {COMMAND...} } } }
---           limits      { awake_s, expires_s, instructions, memory_mib, commands, attempts, auth_attempts }
---           rules       list of Rule: the first that applies decides; none applies: allowed
---           examples    list of Example, run when the policy is loaded
---
--- Rule      { verdict = "allow"|"deny", on = {COMMAND...} (optional: every command), when = Predicate (optional:
--- always),
---             because = string }
--- COMMAND   a command's name as traces show it: "DELETE", "PUT KEY", "INSTALL [for load]"; "INSTALL" is all its kinds,
---           "INS 20" an instruction without a name
--- LEVEL     as in Card:open_channel: "none" "mac" "mac+enc" "mac+rmac" "mac+enc+rmac" "mac+enc+rmac+renc"
--- Example   { command = hex, expect = "allow"|"deny", flow = string (optional), level = LEVEL of the channel it
--- travels
---             in (optional: the highest; "none" is no channel) }
---
--- Predicate, one of:
---   { op = "aid", test = "is"|"isnt"|"under", value = "isd" or hex }
---         one of the AIDs that the command names: SELECT, DELETE, SET STATUS, INSTALL (load file, domain, module and
---         application). "isd" is the ISD of this card, whatever its AID. "under": begins with. "isnt": none of them is
---   { op = "privilege", name = string }       INSTALL gives this privilege (names in cw/privileges.lua)
---   { op = "owner", test = "is"|"isnt", value = string }   whom the domain belongs to; unknown until owners are
---   recorded { op = "cla"|"ins"|"p1"|"p2", value = 0..255, mask = 0..255 (default 255) }   (byte AND mask) == (value
---   AND mask) { op = "level", value = LEVEL }           the channel has all the parts of that level; a plain command
---   has none { op = "key_version", value = 0..255 }    PUT KEY: the new version; DELETE [key]: D2
---   { op = "flow", value = string }           the flow has this name
---   { op = "secret" }                         a secret argument is in the data
---   { op = "all"|"any"|"none", of = {Predicate...} }   one at least
---
--- A test of something that this kind of command has not is false ("isnt": true). A test of something that cannot be
--- seen - behind a secret, in data that is cut - is unknown; all, any and none take it as three-valued logic does. A
--- deny rule that is unknown applies, an allow rule that is unknown does not.
local privileges = require "cw.privileges"

local levels = {
  ["none"] = true, ["mac"] = true, ["mac+enc"] = true, ["mac+rmac"] = true, ["mac+enc+rmac"] = true,
  ["mac+enc+rmac+renc"] = true,
}

---@class cw.policy
local p = {}

---@class Predicate a plain table, as above
---@field op string

---@class Rule a plain table, as above
---@field verdict "allow"|"deny"

-- Errors name the line of the policy that called the builder, which is two calls up; so builders do not end in tail
-- calls, which leave no trace.
local function refuse(message) error(message, 3) end

local function check_fields(what, fields, known, level)
  if type(fields) ~= "table" then error(what .. " takes a table", level) end
  for name in pairs(fields) do
    if not known[name] then error(what .. ": unknown field '" .. tostring(name) .. "'", level) end
  end
end

local function rule(verdict, fields)
  check_fields("p." .. verdict, fields, { on = true, when = true, because = true }, 4)
  local on = type(fields.on) == "string" and { fields.on } or fields.on
  local when = fields.when
  if when ~= nil and (type(when) ~= "table" or type(when.op) ~= "string") then
    error("p." .. verdict .. ": 'when' must be a predicate such as p.aid.is(\"isd\")", 3)
  end
  if verdict == "deny" and type(fields.because) ~= "string" then
    error("p.deny: 'because' is missing; whoever is refused wants to know why", 3)
  end
  return { verdict = verdict, on = on, when = when, because = fields.because }
end

--- A rule that refuses. `because` is shown to whoever is refused.
---@param fields {on?: string|string[], when?: Predicate, because: string}
---@return Rule
function p.deny(fields) return (rule("deny", fields)) end

--- A rule that allows, and so keeps later rules from refusing.
---@param fields {on?: string|string[], when?: Predicate, because?: string}
---@return Rule
function p.allow(fields) return (rule("allow", fields)) end

-- Hex digits of an AID or the beginning of one, in capitals; "isd" stays.
local function aid_text(text, shortest)
  if text == "isd" then return text end
  if type(text) ~= "string" then error("an AID is \"isd\" or hex digits in a string", 3) end
  local digits = text:gsub("%s", ""):upper()
  if not digits:match("^%x+$") or #digits % 2 == 1 or #digits < 2 * shortest or #digits > 32 then
    error("'" .. text .. "' is not an AID: \"isd\", or " .. shortest .. " to 16 bytes in hex", 3)
  end
  return digits
end

local function aid_test(test, shortest)
  return function(aid) return { op = "aid", test = test, value = aid_text(aid, shortest) } end
end

--- Tests of the AIDs that the command names: p.aid.is(aid), p.aid.isnt(aid), p.aid.under(prefix).
---@type table<string, fun(aid: string): Predicate>
p.aid = { is = aid_test("is", 5), isnt = aid_test("isnt", 5), under = aid_test("under", 1) }

local function owner_test(test)
  return function(owner)
    if type(owner) ~= "string" or owner == "" then refuse("p.owner." .. test .. ": expected a name") end
    return { op = "owner", test = test, value = owner }
  end
end

--- Tests of whom the domain belongs to: p.owner.is "issuer", p.owner.isnt "issuer".
p.owner = { is = owner_test("is"), isnt = owner_test("isnt") }

--- INSTALL gives this privilege.
---@param name string as in cw.privileges: "card lock"
---@return Predicate
function p.privilege(name)
  if not privileges.find(name) then refuse("there is no privilege '" .. tostring(name) .. "'") end
  return { op = "privilege", name = name }
end

local function byte_test(op)
  local function check(value)
    if type(value) ~= "number" or value < 0 or value > 255 or value % 1 ~= 0 then
      error("p." .. op .. ": expected a byte, 0 to 255", 3)
    end
    return value
  end
  return {
    is = function(value) return { op = op, mask = 0xFF, value = check(value) } end,
    has = function(bits) return { op = op, mask = check(bits), value = bits } end,
  }
end

--- Tests of header bytes: p.p1.is(0x80) the byte is that, p.p1.has(0x80) it has these bits.
p.cla, p.ins, p.p1, p.p2 = byte_test("cla"), byte_test("ins"), byte_test("p1"), byte_test("p2")

--- The key version number that PUT KEY brings or DELETE [key] deletes is this, or one of a range.
---@param min integer
---@param max? integer default min
---@return Predicate
function p.key_version(min, max)
  max = max or min
  if type(min) ~= "number" or type(max) ~= "number" or min < 0 or max > 255 or min > max then
    refuse("p.key_version: expected one or two key version numbers, 0 to 255")
  end
  local of = {}
  for version = min, max do of[#of + 1] = { op = "key_version", value = version } end
  return #of == 1 and of[1] or { op = "any", of = of }
end

--- The channel's security level has at least these parts; p.none(p.level "mac") is a plain command.
---@param level string
---@return Predicate
function p.level(level)
  if not levels[level] then refuse("p.level: there is no level '" .. tostring(level) .. "'") end
  return { op = "level", value = level }
end

--- A secret argument is in the data.
---@return Predicate
function p.secret() return { op = "secret" } end

--- The flow has this name.
---@param name string
---@return Predicate
function p.flow(name)
  if type(name) ~= "string" then refuse("p.flow: expected the name of a flow") end
  return { op = "flow", value = name }
end

local function combine(op, of)
  if type(of) ~= "table" then error("p." .. op .. " takes a list of predicates", 3) end
  if of.op then of = { of } end
  if #of == 0 then error("p." .. op .. " takes at least one predicate", 3) end
  for _, predicate in ipairs(of) do
    if type(predicate) ~= "table" or not predicate.op then error("p." .. op .. " takes a list of predicates", 3) end
  end
  return { op = op, of = of }
end

--- Every one of them holds.
---@param of Predicate[]
---@return Predicate
function p.all(of) return (combine("all", of)) end

--- At least one of them holds.
---@param of Predicate[]
---@return Predicate
function p.any(of) return (combine("any", of)) end

--- None of them holds.
---@param of Predicate[]|Predicate
---@return Predicate
function p.none(of) return (combine("none", of)) end

--- A command and what the policy says to it: the policy's own test, run when it is loaded.
---@param fields {command: string, expect: "allow"|"deny", flow?: string, level?: string}
---@return table
function p.example(fields)
  check_fields("p.example", fields, { command = true, expect = true, flow = true, level = true }, 3)
  local command = type(fields.command) == "string" and fields.command:gsub("%s", ""):upper()
  if not command or not command:match("^%x+$") or #command < 8 or #command % 2 == 1 then
    refuse("p.example: 'command' must be an APDU in hex")
  end
  if fields.expect ~= "allow" and fields.expect ~= "deny" then
    refuse("p.example: 'expect' must be \"allow\" or \"deny\"")
  end
  if fields.level and not levels[fields.level] then
    refuse("p.example: there is no level '" .. tostring(fields.level) .. "'")
  end
  return { command = command, expect = fields.expect, flow = fields.flow, level = fields.level }
end

return p
