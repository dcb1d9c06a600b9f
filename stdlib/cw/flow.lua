--- What a flow's run function gets: the card, the arguments, and steps.
---
--- A step brings one thing about and can tell from the card whether it is there. So a flow that was torn anywhere is
--- started again from the top, and finds its way: what is done is skipped, what is half done is done again.
local log = require "log"
local errors = require "cw.errors"

---@class Run
---@field card Card
---@field args table<string, any> arguments by name: bytes and AIDs as strings, integers, booleans; cap as Cap, secret
---  as Secret, key as the name of a key set; an optional argument that was not given is nil
---@field flavor Flavor what is different about this card
---@field name string of the flow
local Run = {}
Run.__index = Run

---@class Step
---@field done fun(): boolean looks at the card: is everything there that this step leaves? Changes nothing
---@field run fun() brings it about; may be called when an earlier attempt was torn half-way

local step_fields = { done = true, run = true }

local function raise_without_effect(name)
  errors.raise("card", "step '" .. name .. "' ran without an error, but the card does not show its effect; see the "
    .. "card's registry with demo/inventory, and what was sent with --trace FILE")
end

--- Runs a step unless it is done. An error in it ends the attempt. Raises script for a step that is none, card when the
--- step ran and the card does not show it.
---@param name string
---@param step Step
function Run:step(name, step)
  if type(name) ~= "string" then error("run:step: the first argument is the step's name", 2) end
  if type(step) ~= "table" then error("step '" .. name .. "': expected { done = function, run = function }", 2) end
  for field in pairs(step) do
    if not step_fields[field] then error("step '" .. name .. "': unknown field '" .. tostring(field) .. "'", 2) end
  end
  if type(step.done) ~= "function" or type(step.run) ~= "function" then
    error("step '" .. name .. "': done and run must both be functions", 2)
  end

  if step.done() then
    log.step("skip", name)
    return
  end
  log.step("begin", name)
  step.run()
  if not step.done() then raise_without_effect(name) end
  log.step("end", name)
end

---@class PlannedStep
---@field name string
---@field done fun(): boolean as in Step
---@field plan? fun(): Plan what brings it about: SecurityDomain:load_plan, install_plan
---@field run? fun() in place of plan, and ahead of all plans: brings it about elsewhere, and leaves the domain open

local planned_fields = { name = true, done = true, plan = true, run = true }

--- Runs steps that one domain carries out, all that are not done together: the card is looked at once before and once
--- after, and with a remote device what is missing of all of them travels at once, as far as nothing in it would be
--- wrong where something before it failed. Steps with `run` come first, and are verified with the others: what follows
--- them is to be refused by the card where they had no effect. Otherwise as Run:step for each, in their order.
---@param domain SecurityDomain
---@param steps PlannedStep[]
function Run:steps(domain, steps)
  if type(domain) ~= "table" or not domain.carry_out then
    error("run:steps: the first argument is a domain that gp.open gave", 2)
  end
  local missing, planned = {}, false
  for i, step in ipairs(steps) do
    if type(step) ~= "table" or type(step.name) ~= "string" or type(step.done) ~= "function"
      or type(step.plan or step.run) ~= "function" or (step.plan and step.run) then
      error(("run:steps: step %d: expected { name = string, done = function, plan = function }, or run for plan")
        :format(i), 2)
    end
    if planned and step.run then
      error("step '" .. step.name .. "': a step with run comes before those with plan", 2)
    end
    planned = planned or step.plan ~= nil
    for field in pairs(step) do
      if not planned_fields[field] then
        error("step '" .. step.name .. "': unknown field '" .. tostring(field) .. "'", 2)
      end
    end
  end
  for _, step in ipairs(steps) do
    if step.done() then log.step("skip", step.name) else missing[#missing + 1] = step end
  end
  local plans = {}
  for _, step in ipairs(missing) do
    if step.plan then plans[#plans + 1] = step.plan() end
  end
  for _, step in ipairs(missing) do
    log.step("begin", step.name)
    if step.run then step.run() end
  end
  if #plans > 0 then domain:carry_out(plans) end
  for _, step in ipairs(missing) do
    if not step.done() then raise_without_effect(step.name) end
    log.step("end", step.name)
  end
end

--- A line for those who follow the run.
---@param format string as string.format
---@param ... any
function Run:print(format, ...)
  log.info(select("#", ...) > 0 and format:format(...) or format)
end

--- A result as a table for people.
---@param title string
---@param columns string[]
---@param rows string[][]
function Run:table(title, columns, rows)
  log.table(title, columns, rows)
end

--- A result as data.
---@param name string
---@param value any what json.encode takes
function Run:output(name, value)
  log.result(name, value)
end

---@class Flow
---@field name string its path under scripts/, without .lua
---@field summary string one line
---@field args? table<string, FlowArgument>
---@field needs? {keys?: string[], backends?: string[], consent?: FlowConsent} what it may use; "$name" is the key set,
---  or the backend, that an argument names
---@field run fun(run: Run)

---@class FlowConsent Owners with something in a domain that the flow ends: without their consent nothing of it begins.
---@field domain string "$name" of the argument, an aid, that is the domain; without a value it is the flavor's
---@field of? string "$name" of the argument, a string, with owners beside the one whose domain it is: "acme,nova"

---@class FlowArgument
---@field type "string"|"bytes"|"aid"|"integer"|"boolean"|"secret"|"cap"|"key"
---@field help? string
---@field optional? boolean
---@field default? string|number|boolean
---@field min? integer of an integer; else length in bytes
---@field max? integer
---@field values? string[] of a string: one of these

---@class cw.flow
local flow = {}

--- Starts a flow: the engine's way in.
---@param definition Flow
---@param context {card: Card, args: table, flavor: table, name: string}
function flow.start(definition, context)
  local run = setmetatable({
    card = context.card, args = context.args, flavor = context.flavor, name = context.name,
  }, Run)
  return definition.run(run)
end

return flow
