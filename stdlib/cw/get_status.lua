--- GET STATUS in the form that the card takes, with all its pages (GPCS 11.4).
local apdu = require "apdu"
local hex = require "hex"
local tlv = require "tlv"
local errors = require "cw.errors"
local registry = require "cw.registry"

---@class cw.get_status
local get_status = {}

-- The forms that cards take, best first: TLV with a list of wanted tags, TLV as the card likes, the form before
-- GlobalPlatform 2.2. A card that refuses one says 6A80, 6A81 or 6A86.
local forms = {
  { p2 = 0x02, tags = hex"5C 09 4F 9F70 C5 C4 CC CE 84 CF", parse = registry.parse },
  { p2 = 0x02, tags = "", parse = registry.parse },
  { p2 = 0x00, tags = "", parse = registry.parse_legacy },
}

local function command_of(scope, form, aid, more)
  return apdu.command {
    cla = 0x80, ins = 0xF2, p1 = scope, p2 = form.p2 + more, data = tlv.build(0x4F, aid) .. form.tags, le = 256,
  }
end

local form_refused = { [0x6A80] = true, [0x6A81] = true, [0x6A86] = true }

-- All pages, joined; nil, status word and command if the card refuses this form.
local function read_pages(domain, scope, form, aid)
  local data, pages = "", 0
  while true do
    local command = command_of(scope, form, aid, pages == 0 and 0 or 1)
    local answer = domain:send(command)
    if answer.sw == 0x6A88 then return data end
    if answer.sw ~= 0x9000 and answer.sw ~= 0x6310 then return nil, answer.sw, command end
    data = data .. answer.data
    if answer.sw == 0x9000 then return data end
    pages = pages + 1
    if aid == "" then domain.status_pages[scope] = pages + 1 end
  end
end

--- The entries of one scope. Which form the card takes is found out once and kept in the domain. Raises card.
---@param domain SecurityDomain
---@param scope integer one of cw.registry's scopes
---@param aid string only entries whose AID begins so
---@return Entry[]|nil nil: the card has no such scope
function get_status.read(domain, scope, aid)
  local known = domain.status_form
  for i = known or 1, known or #forms do
    local data, sw, command = read_pages(domain, scope, forms[i], aid)
    if data then
      domain.status_form = i
      return forms[i].parse(scope, data)
    end
    if not form_refused[sw] then errors.refused(command, sw) end
  end
  return nil
end

-- The scopes of a whole registry. The issuer security domain is always there, and only a card without any application
-- has none of them: whoever stops at a refusal comes far.
local all = { registry.scopes.isd, registry.scopes.load_files, registry.scopes.load_files_and_modules,
              registry.scopes.applications }

-- The same as they are read: of an object that is in two of them, the later one tells more. And applications are a
-- scope that every card has, so the form that answers it is the card's.
local by_weight = { registry.scopes.applications, registry.scopes.isd, registry.scopes.load_files,
                    registry.scopes.load_files_and_modules }

--- A plan that reads the whole registry; as many pages of each scope as it had last time.
---@param domain SecurityDomain
---@return {commands: Command[], scopes: integer[], form: integer} scopes: of each command
function get_status.plan(domain)
  local form = domain.status_form or 1
  local out = { commands = {}, scopes = {}, form = form }
  for _, scope in ipairs(all) do
    local pages = domain.status_pages[scope] or 1
    if scope == registry.scopes.load_files_and_modules and not domain.flavor.list_modules then pages = 0 end
    for page = 1, pages do
      out.commands[#out.commands + 1] = command_of(scope, forms[form], "", page == 1 and 0 or 1)
      out.scopes[#out.scopes + 1] = scope
    end
  end
  return out
end

--- What its answers come to: the registry, or nil where they do not tell all of it.
---@param domain SecurityDomain
---@param plan {commands: Command[], scopes: integer[], form: integer}
---@param answers Answer[]
---@return Registry|nil
---@return integer|nil refused place of a command that the card refused for what is no matter of form or scope
function get_status.take(domain, plan, answers)
  local data, last = {}, {}
  for i, scope in ipairs(plan.scopes) do
    local answer = answers[i]
    if not answer then return nil end
    -- Pages behind the last one are asked for where there were more before.
    if last[scope] ~= 0x9000 then
      local told = answer.sw == 0x9000 or answer.sw == 0x6310 or answer.sw == 0x6A88
      if not told and not form_refused[answer.sw] then return nil, i end
      last[scope] = answer.sw
      if answer.sw == 0x9000 or answer.sw == 0x6310 then data[scope] = (data[scope] or "") .. answer.data end
    end
  end
  local out = {}
  for _, scope in ipairs(by_weight) do
    if last[scope] == 0x6310 then return nil end
    if last[scope] and last[scope] ~= 0x9000 and last[scope] ~= 0x6A88 then
      -- A card that does not have this scope says so each time.
      if scope ~= registry.scopes.load_files_and_modules then return nil end
    elseif data[scope] then
      registry.add(out, forms[plan.form].parse(scope, data[scope]))
    end
  end
  domain.status_form = plan.form
  return out
end

--- The whole registry. Raises card.
---@param domain SecurityDomain
---@return Registry
function get_status.read_all(domain)
  local plan = get_status.plan(domain)
  local answers = domain:send_each(plan.commands)
  local seen, refused = get_status.take(domain, plan, answers)
  if seen then return seen end
  if refused then errors.refused(plan.commands[refused], answers[refused].sw) end
  -- One scope after the other, in the form that the card takes, with as many pages as it has.
  local out = {}
  for _, scope in ipairs(by_weight) do
    registry.add(out, get_status.read(domain, scope, "") or {})
  end
  return out
end

return get_status
