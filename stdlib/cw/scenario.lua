--- What a scenario's run function gets: a card, and words for what is done to it and expected of it. An expectation
--- that is not met ends the scenario, with what was expected and what was found.
---
--- Written as a flow is; t.card is the card, and require finds the same library. docs/TESTERS.md tells how.
local apdu = require "apdu"
local hex = require "hex"
local json = require "json"
local stage = require "stage"
local check = require "cw.check"
local gp = require "cw.gp"
local security_domain = require "cw.security_domain"

---@class Scenario
---@field summary string the story in one line
---@field tags? string[]
---@field flavors? string[] it is for; "*": every one, each played; default: whichever the card is
---@field needs? {keys?: string[], card?: string[]} key sets; capabilities of the card, see docs/TESTERS.md
---@field given? {card?: string, flows?: table[]} memory of a simulated card, a file beside this one; flows that are run
---  before the story: { "demo/install", { cap = ... } }
---@field policy? string file beside this one, for the flows it runs
---@field seconds? integer it may take; default 30
---@field run fun(t: Story)

---@class Story
---@field card Card
---@field flavor Flavor
---@field name string
local Story = {}
Story.__index = Story

--- What a flow did. Commands, steps and audit are in their order.
---@class Outcome
---@field flow string
---@field ok boolean
---@field error {kind: string, message: string, sw: integer|nil, cause: string|nil}|nil
---@field attempts integer
---@field commands {name: string, text: string, sent: string, channel: integer, sw: integer, answer: string|nil}[]
---  sent in canonical form; answer in hex, if it is public
---@field steps {name: string, state: "begin"|"skip"|"end"}[]
---@field outputs table<string, any> results of the flow by name
---@field tables {title: string, columns: string[], rows: string[][]}[]
---@field log string[]
---@field audit string[] what was sent, answered and decided, a line each

-- Bytes that are no text travel as escapes; text that is UTF-8 stays as it is.
local function readable(text)
  if text == nil or pcall(json.encode, text) then return text end
  return (text:gsub("[\128-\255]", function(byte) return ("\\x%02X"):format(byte:byte()) end))
end

-- Ends the scenario at the line that called the expectation.
local function fail(message, expected, actual, likely)
  message = readable(message)
  stage.ask("fail",
    { message = message, expected = readable(expected), actual = readable(actual), likely = readable(likely) })
  error({ kind = "script", message = message }, 0)
end

-- A mistake in the scenario, and not on the card.
local function mistake(message) error({ kind = "usage", message = message }, 0) end

local function sw_text(sw) return ("%04X"):format(sw) end

local function shown(value)
  if type(value) == "string" and value:find("[^%g ]") then return hex.encode(value) end
  return tostring(value)
end

-- Arguments of a flow as the stage takes them: bytes travel in hex.
local function arguments(given)
  local out = {}
  for name, value in pairs(given or {}) do
    if type(value) == "string" then
      out[name] = { bytes = hex.encode(value) }
    elseif type(value) == "table" and value.secret then
      out[name] = { secret = hex.encode(value.secret) }
    else
      out[name] = value
    end
  end
  return out
end

local call_options = { policy = true, attempts = true }

local function call(flow, args, options)
  if type(flow) ~= "string" then
    mistake("a flow is its name, or a .lua file beside the scenario; got a " .. type(flow))
  end
  local out = { flow = flow, args = arguments(args) }
  for name, value in pairs(options or {}) do
    if not call_options[name] then error("t:run: unknown option '" .. tostring(name) .. "'", 3) end
    out[name] = value
  end
  return out
end

local function backend_for(backends, url)
  local best
  for prefix, handler in pairs(backends) do
    if url:sub(1, #prefix) == prefix and (not best or #prefix > #best.prefix) then
      best = { prefix = prefix, handler = handler }
    end
  end
  return best and best.handler
end

-- What the scenario's backend says to one call.
local function answer_to(backends, http)
  local handler = backend_for(backends, http.url)
  if not handler then
    return { error = "nobody plays a backend for " .. http.url .. "; say t:backend(PREFIX, function)" }
  end
  http.body = hex.decode(http.body)
  local reply = handler(http)
  if reply == nil then return { error = "the scenario's backend did not answer" } end
  if type(reply) ~= "table" then
    mistake("the scenario's backend gave a " .. type(reply)
      .. "; an answer is { status = 200, headers = {}, body = TEXT }")
  end
  return { status = reply.status, headers = reply.headers, body = hex.encode(reply.body or "") }
end

local function play(self, flow, args, options)
  security_domain.disconnect()
  local state = stage.ask("run", call(flow, args, options))
  while state.http do
    local answer = answer_to(self.backends, state.http)
    answer.call = state.call
    state = stage.ask("answer", answer)
  end
  return state
end

--- Runs a flow on the card, as `cardwright run` does, and returns what it did. Ends the scenario if the flow fails.
---@param flow string its name, or a .lua file beside this one
---@param args? table<string, any> text or bytes, number, boolean; { file = PATH } beside this file; { secret = TEXT }
---@param options? {policy?: string, attempts?: integer} a policy file beside this one; fewer attempts than it allows
---@return Outcome
function Story:run(flow, args, options)
  local outcome = play(self, flow, args, options)
  if not outcome.ok then
    fail(("flow %s failed: %s"):format(flow, outcome.error.message), "the flow comes to its end",
      outcome.error.kind .. ": " .. outcome.error.message)
  end
  return outcome
end

local wanted_fields = { kind = true, sw = true, message = true }

-- Whether an error is the one that is wanted: kind, status word, a part of the message.
local function check_error(what, got, want)
  for name in pairs(want or {}) do
    if not wanted_fields[name] then error("an error has no field '" .. tostring(name) .. "' to expect", 3) end
  end
  want = want or {}
  if type(got) ~= "table" or type(got.message) ~= "string" then
    fail(what .. ": the error has no message", want.message or want.kind or "an error", tostring(got))
  end
  local text = tostring(got.kind) .. ": " .. got.message
  if want.kind and got.kind ~= want.kind then fail(what .. ": the error is of another kind", want.kind, text) end
  if want.sw and got.sw ~= want.sw then
    fail(what .. ": the error has another status word", sw_text(want.sw), got.sw and sw_text(got.sw) or text)
  end
  if want.message and not got.message:find(want.message, 1, true) then
    fail(what .. ": the error says something else", want.message, text)
  end
end

--- Runs a flow that is to fail. Ends the scenario if it does not, or otherwise than expected.
---@param flow string
---@param args? table<string, any>
---@param want? {kind?: string, sw?: integer, message?: string} message: a part of it
---@param options? {policy?: string, attempts?: integer}
---@return Outcome
function Story:fails(flow, args, want, options)
  local outcome = play(self, flow, args, options)
  if outcome.ok then fail(("flow %s did not fail"):format(flow), "an error", "the flow came to its end") end
  check_error("flow " .. flow, outcome.error, want)
  return outcome
end

--- Calls a function that is to raise.
---@param want {kind?: string, sw?: integer, message?: string}
---@param body fun()
function Story:raises(want, body)
  local ok, failure = pcall(body)
  want = want or {}
  if ok then fail("no error was raised", want.message or want.kind or "an error", "none") end
  check_error("the call", failure, want)
end

--- The scenario plays a backend: the handler gets {method, url, headers, body} of each call below the prefix, and gives
--- {status, headers, body}; nil is no answer. The flow has to declare the prefix, and the policy to allow it.
---@param prefix string
---@param handler fun(call: {method: string, url: string, headers: table<string, string>, body: string}): table|nil
function Story:backend(prefix, handler)
  if type(prefix) ~= "string" or type(handler) ~= "function" then
    mistake("t:backend takes the beginning of URLs and a function, got a " .. type(prefix) .. " and a "
      .. type(handler))
  end
  self.backends[prefix] = handler
end

--- Arms a fault of cw.fault. A fault that is still waiting when the scenario ends fails it.
---@param one Fault
function Story:fault(one)
  stage.ask("fault", one)
end

--- Faults that did not happen are no more; a reader that was gone is there again.
function Story:clear_faults()
  stage.ask("fault", { clear = true })
end

--- Tears the flow at every command, before, inside and after the card acted, runs it again, and expects the card that
--- an untorn run leaves. The card of the scenario stays as it is. Needs a simulated card.
---@param flow string
---@param args? table<string, any>
---@return integer torn number of tear points
function Story:converges(flow, args)
  local done = stage.ask("tear", call(flow, args))
  if done.converged ~= done.torn then
    fail(("flow %s does not converge: %s"):format(flow, done.why[1]), ("%d tear points converge"):format(done.torn),
      ("%d do"):format(done.converged))
  end
  return done.torn
end

--- Sends a command outside of a secure channel; expects a status word, 9000 if none is named.
---@param command string|Command bytes, or what apdu.command makes
---@param sw? integer
---@return string data
function Story:send(command, sw)
  if type(command) == "string" then command = apdu.parse(command) end
  if sw ~= nil and type(sw) ~= "number" then
    mistake("t:send: a status word is a number, as 0x6A82; got a " .. type(sw))
  end
  local answer = self.card:send(command)
  if answer.sw ~= (sw or 0x9000) then
    fail(apdu.describe(command) .. " was answered otherwise", sw_text(sw or 0x9000), sw_text(answer.sw),
      apdu.meaning(answer.sw, command))
  end
  return answer.data
end

--- Expects both to be equal; tables field by field, to any depth.
---@param got any
---@param want any
---@param what? string
function Story:equal(got, want, what)
  local path, left, right = check.difference(got, want, what or "value")
  if path then fail(path .. " differs", shown(right), shown(left)) end
end

--- Expects a value that is neither nil nor false.
---@param value any
---@param what string
function Story:expect(value, what)
  if not value then fail(what or "what was expected is not so", "true", tostring(value)) end
end

-- Opens the ISD for a look.
local function open_isd(self, options)
  options = options or {}
  return gp.open(self.card, { keys = options.keys or "isd", flavor = self.flavor })
end

--- Expects entries of the registry, each with the fields that are named; false: not there. Opens the ISD.
---@param want table<string, table|false> by AID: { kind = "app", state = "SELECTABLE" }
---@param options? {keys?: string} of the ISD; default "isd"
function Story:registry(want, options)
  for aid in pairs(want) do
    -- What no AID can be is not on the card, and would pass for absent.
    if type(aid) ~= "string" or #aid < 5 or #aid > 16 or aid:find("^%x+$") then
      mistake("t:registry: " .. shown(aid) .. " is no AID; an AID is 5 to 16 bytes, as [hex\"F063617264770101\"]")
    end
  end
  local all = open_isd(self, options):registry()
  for aid, fields in pairs(want) do
    local entry = all[aid]
    local name = "registry entry " .. hex.encode(aid)
    if not fields then
      if entry then fail(name .. " is there", "not there", entry.state) end
    elseif not entry then
      fail(name .. " is missing", fields.state or "there", "not there")
    else
      for field, value in pairs(fields) do self:equal(entry[field], value, name .. "." .. field) end
    end
  end
end

--- Expects a domain to show these key versions, each with so many keys, and no others.
---@param aid string of the domain; empty: the ISD
---@param want table<integer, integer> by key version: { [0x30] = 3 }
function Story:keys(aid, want)
  gp.select(self.card, aid)
  local got = {}
  for _, key in ipairs(gp.key_info(self.card)) do got[key.version] = (got[key.version] or 0) + 1 end
  for version, count in pairs(want) do
    if got[version] ~= count then
      fail(("key version %02X of %s"):format(version, aid == "" and "the ISD" or hex.encode(aid)), count .. " keys",
        (got[version] or 0) .. " keys")
    end
  end
  for version, count in pairs(got) do
    if not want[version] then fail(("key version %02X is there"):format(version), "not there", count .. " keys") end
  end
end

--- Expects a key set to open a domain. Costs an authentication attempt if it does not.
---@param aid string empty: the ISD
---@param key_set string name in needs.keys
---@param version? integer default: that of the key set
function Story:opens(aid, key_set, version)
  local ok, failure = pcall(gp.open, self.card, { aid = aid, keys = key_set, version = version, flavor = self.flavor })
  if not ok then fail("key set " .. key_set .. " does not open the domain", "a secure channel", tostring(failure)) end
end

--- Expects a data object of an application, as GET DATA gives it; nil: it has none. What is stored may be secret, so a
--- failure tells lengths; the trace beside it has what is public.
---@param aid string
---@param tag integer
---@param want string|nil
function Story:stored(aid, tag, want)
  gp.select(self.card, aid)
  local got = gp.get_data(self.card, tag)
  if got ~= want then
    local same = 0
    while got and want and got:byte(same + 1) and got:byte(same + 1) == want:byte(same + 1) do same = same + 1 end
    fail(("data object %04X of %s"):format(tag, hex.encode(aid)), want and #want .. " bytes" or "none",
      got and ("%d bytes, others from byte %d on"):format(#got, same + 1) or "none")
  end
end

--- Expects a flow to have sent these commands and got these status words, all of them in this order.
---@param outcome Outcome
---@param want string[] "INSTALL [for load] 9000"
function Story:commands(outcome, want)
  local got = {}
  for i, command in ipairs(outcome.commands) do got[i] = ("%s %04X"):format(command.name, command.sw) end
  for i = 1, math.max(#got, #want) do
    if got[i] ~= want[i] then
      fail(("command %d of flow %s"):format(i, outcome.flow), want[i] or "no more", got[i] or "no more")
    end
  end
end

--- Expects lines in a flow's audit, in this order; others may stand between.
---@param outcome Outcome
---@param want string[] each a part of a line
function Story:audit(outcome, want)
  local at = 1
  for _, part in ipairs(want) do
    local from = at
    while outcome.audit[at] and not outcome.audit[at]:find(part, 1, true) do at = at + 1 end
    if not outcome.audit[at] then
      fail(("the audit of flow %s lacks a line, from line %d on"):format(outcome.flow, from), part, "none")
    end
    at = at + 1
  end
end

--- Expects a step to have been done ("end") or skipped ("skip").
---@param outcome Outcome
---@param name string
---@param state "end"|"skip"
function Story:step(outcome, name, state)
  local found = "no such step"
  for _, step in ipairs(outcome.steps) do
    if step.name == name then found = step.state end
  end
  if found ~= state then fail(("step '%s' of flow %s"):format(name, outcome.flow), state, found) end
end

--- Expects a function to leave registry, keys and stored data as they are. Needs a simulated card.
---@param body fun()
function Story:unchanged(body)
  local before = stage.ask("memory", {}).hash
  body()
  local after = stage.ask("memory", {}).hash
  if before ~= after then fail("the card has changed", before:sub(1, 16), after:sub(1, 16)) end
end

--- Bytes of non-volatile memory in use. Needs a simulated card.
---@return integer
function Story:nvm_used()
  return stage.ask("memory", {}).nvm
end

---@class cw.scenario
local scenario = {}

--- Starts a scenario: the engine's way in.
---@param definition Scenario
---@param context {card: Card, flavor: table, name: string}
function scenario.start(definition, context)
  local story = setmetatable({
    card = context.card, flavor = context.flavor, name = context.name, backends = {},
  }, Story)
  for _, given in ipairs(definition.given and definition.given.flows or {}) do story:run(given[1], given[2]) end
  return definition.run(story)
end

return scenario
