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
--- Policy     name        string
---            api         1
---            summary     string, optional
---            allow       { flows = {pattern...},                     flows that may run; * is any run of characters;
---                                                                    all when left out
---                          times = {WINDOW...},                      when runs may begin; always when left out
---                          channel = { scp = {"01"|"02"|"03"...},    protocols to be opened; all when left out
---                                      level = LEVEL },              the least level; default "none"
---                          backends = { [url prefix] = { opaque = {COMMAND...}, keks = {KEY...} } } }
---                                                 opaque: commands of its own that are relayed for it, behind the
---                                                 secure channel that it has; keks: KEKs that it may send keys under
---            limits      { awake_s, expires_s, instructions, memory_mib, commands, attempts, auth_attempts, auth_lost,
---                          failed_loads,
---                          quotas = {QUOTA...} }                     how many runs may begin
---            rules       list of RULE: the first that applies decides
---            otherwise   "allow" (default) or "deny": what no rule decides
---            approval    list of "policy use", "policy rollback", "bundle use", "bundle rollback",
---                        "owner approve", "consent give": what one operator wants and another one has to approve
---            owners      { [owner or "*" for all others] = { keys = {pattern...},      key sets of the operator's that
---                                                                           its flows may use, too
---                          backends = {url prefix...},    which of allow.backends its flows may call
---                          unowned_cards = true,      it may work on cards that were given to nobody
---                          quotas = {QUOTA...} } }    of its own runs; in the operator's policy alone
---            examples    list of EXAMPLE, run when the policy is loaded
---
--- WINDOW     { days = "mon" or "mon-fri" or a list of such, from = "08:00", to = "18:00" }, in UTC; what is left
---            out is every day, 00:00, 24:00; one that ends before it begins ends on the next day
--- QUOTA      { flows = {pattern...}, per_hour = N, per_day = N, at_once = N }: of all runs of these flows together, as
---            the store counts them on all nodes; in the last 60 minutes, the last 24 hours, under way
--- RULE       { verdict = "allow"|"deny", on = {COMMAND...} (optional: every command),
---              when = PREDICATE (optional: always), because = string }
--- COMMAND    a command's name as traces show it: "DELETE", "PUT KEY", "INSTALL [for load]"; "INSTALL" is all its
---            kinds, "INS 20" an instruction without a name
--- LEVEL      as in Card:open_channel: "none" "mac" "mac+enc" "mac+rmac" "mac+enc+rmac" "mac+enc+rmac+renc"
--- EXAMPLE    { command = hex, expect = "allow"|"deny", flow = string (optional),
---              level = LEVEL of the channel it travels in (optional: the highest; "none" is no channel),
---              scp = "01"|"02"|"03" of that channel (default "03"), domain = the AID it is open to (default "isd"),
---              at = when the run began, such as "tue 10:00" (UTC) }
---
--- PREDICATE, one of
---   { op = "aid", test = "is"|"isnt"|"under", value = "isd" or hex }
---         what the command acts on. DELETE: 4F; DELETE [key] has none. SET STATUS, SELECT: the data (SET STATUS with
---         P1 b8: the ISD).
---         INSTALL [for load]: the load file. [for install], [for make selectable], [for personalization]: the
---         application. [for extradition], [for registry update]: the application or load file; where that is empty,
---         the domain. Any other: the security domain that the channel is open to. "isd" is the ISD of this card,
---         whatever its AID. "under": begins with.
---   { op = "domain", test, value }     the security domain an INSTALL names; where it is empty, the one that the
---         channel is open to
---   { op = "owner", test = "is"|"isnt", value = "issuer"|"provider"|name }
---         whom the domain belongs to whose channel the command travels in: "issuer" for the ISD, else "provider"
---   { op = "privilege", byte = 1..3, mask = 1..255 }     INSTALL gives all of these bits (GPCS table 11-7)
---   { op = "cla"|"ins"|"p1"|"p2", mask = 0..255, value = 0..255 }     (byte AND mask) == value
---   { op = "key_version", min = 0..255, max = 0..255 }   PUT KEY: the new version; DELETE [key]: D2
---   { op = "scp", values = {1|2|3...} }                  protocol of the channel it travels in
---   { op = "level", value = LEVEL }                      that channel has all the parts of the level; plain has none
---   { op = "plain" }                                     it travels outside any secure channel
---   { op = "secret" }, { op = "key" }                    a secret argument, a stored key is in the data
---   { op = "token", key = pattern (optional) }           the token of delegated management is in it; with `key`: one
---         that custody makes with a key whose name matches
---   { op = "opaque" }                                    it came wrapped from somebody else
---   { op = "flow", patterns = {pattern...} }             the flow's name matches one of these
---   { op = "time", days, from, to }      the run began in this WINDOW
---   { op = "all"|"any"|"none", of = {PREDICATE...} }
---
--- A field that this kind of command does not have makes every test of it false, "is" and "isnt" alike. A field that it
--- has and that cannot be seen - of an opaque command, behind a secret, in data that is cut - makes the test unknown;
--- all, any and none take that as three-valued logic does, and a rule whose `when` is unknown refuses, whatever it is.
local privileges = require "cw.privileges"

local levels = {
  ["none"] = true, ["mac"] = true, ["mac+enc"] = true, ["mac+rmac"] = true, ["mac+enc+rmac"] = true,
  ["mac+enc+rmac+renc"] = true,
}

local protocols = { ["01"] = 1, ["02"] = 2, ["03"] = 3 }

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

local function aid_test(op, test, shortest)
  return function(aid) return { op = op, test = test, value = aid_text(aid, shortest) } end
end

local function aid_tests(op)
  return { is = aid_test(op, "is", 5), isnt = aid_test(op, "isnt", 5), under = aid_test(op, "under", 1) }
end

--- Tests of the AID that the command acts on: p.aid.is(aid), p.aid.isnt(aid), p.aid.under(prefix).
---@type table<string, fun(aid: string): Predicate>
p.aid = aid_tests("aid")

--- Tests of the security domain that an INSTALL names.
---@type table<string, fun(aid: string): Predicate>
p.domain = aid_tests("domain")

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
  local bits = privileges.find(name)
  if not bits then refuse("there is no privilege '" .. tostring(name) .. "'") end
  return { op = "privilege", byte = bits.byte, mask = bits.mask }
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
  return { op = "key_version", min = min, max = max }
end

--- The channel's security level has at least these parts; p.none(p.level "mac") is a plain command.
---@param level string
---@return Predicate
function p.level(level)
  if not levels[level] then refuse("p.level: there is no level '" .. tostring(level) .. "'") end
  return { op = "level", value = level }
end

--- The protocol of the channel is one of these.
---@param ... string "01", "02", "03"
---@return Predicate
function p.scp(...)
  local values = {}
  for i, scp in ipairs { ... } do
    values[i] = protocols[scp]
    if not values[i] then refuse("p.scp: '" .. tostring(scp) .. "' is none of \"01\", \"02\", \"03\"") end
  end
  return { op = "scp", values = values }
end

--- The command travels outside any secure channel.
---@return Predicate
function p.plain() return { op = "plain" } end

--- A stored key is in the data.
---@return Predicate
function p.key() return { op = "key" } end

--- A token of delegated management is in the command; with a name, custody makes it with that key (* is any run of
--- characters).
---@param key? string
---@return Predicate
function p.token(key)
  if key ~= nil and type(key) ~= "string" then refuse("p.token: expected the name of a key") end
  return { op = "token", key = key }
end

--- The command came wrapped from somebody else: its header is all that can be seen.
---@return Predicate
function p.opaque() return { op = "opaque" } end

--- A secret argument is in the data.
---@return Predicate
function p.secret() return { op = "secret" } end

--- The flow's name is one of these; * is any run of characters.
---@param ... string
---@return Predicate
function p.flow(...)
  for _, pattern in ipairs { ... } do
    if type(pattern) ~= "string" then refuse("p.flow: expected names of flows") end
  end
  return { op = "flow", patterns = { ... } }
end

--- The run began within these hours of these days, in UTC: p.within { days = "mon-fri", from = "08:00", to = "18:00" }.
---@param window {days?: string|string[], from?: string, to?: string}
---@return Predicate
function p.within(window)
  check_fields("p.within", window, { days = true, from = true, to = true }, 3)
  return { op = "time", days = window.days, from = window.from, to = window.to }
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

---@class Example
---@field command string
---@field expect "allow"|"deny"
---@field flow? string
---@field level? string
---@field scp? string
---@field domain? string
---@field at? string

--- A command and what the policy says to it: the policy's own test, run when it is loaded.
---@param fields Example
---@return table
function p.example(fields)
  check_fields("p.example", fields, { command = true, expect = true, flow = true, level = true, scp = true,
                                     domain = true, at = true }, 3)
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
  if fields.scp and not protocols[fields.scp] then
    refuse("p.example: there is no SCP '" .. tostring(fields.scp) .. "'")
  end
  return { command = command, expect = fields.expect, flow = fields.flow, level = fields.level, scp = fields.scp,
           at = fields.at,
           domain = fields.domain and aid_text(fields.domain, 5) }
end

return p
