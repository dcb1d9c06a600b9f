--- A security domain with a secure channel to it: card content management (GPCS 11). Made by gp.open.
---
--- A card has one secure channel per logical channel, and a SELECT ends it. So that a flow need not think of that, a
--- domain remembers how it was opened and opens again when it is used after another one was.
local apdu = require "apdu"
local clock = require "clock"
local hex = require "hex"
local keys = require "keys"
local log = require "log"
local tlv = require "tlv"
local delegation = require "cw.delegation"
local errors = require "cw.errors"
local get_status = require "cw.get_status"
local install = require "cw.install"
local key_looks = require "cw.key_looks"
local load = require "cw.load"
local objects = require "cw.objects"
local privileges = require "cw.privileges"
local receipts = require "cw.receipts"
local registry = require "cw.registry"

---@class SecurityDomain
---@field card Card
---@field aid string
---@field keys string name of the key set it is opened with
---@field flavor Flavor
---@field channel Channel|nil open secure channel
---@field look_at string[] AIDs of domains whose keys are looked at whenever this one is opened (cw.key_looks)
---@field status_form integer|nil of GET STATUS that the card takes (cw.get_status)
---@field status_pages table<integer, integer> that each scope had
---@field seen Registry|nil what registry() read last
---@field seen_at integer|nil Card.changes at that time
---@field confirmations Confirmation[] receipts of the card that were asked for and are right, in their order
local SecurityDomain = {}
SecurityDomain.__index = SecurityDomain

---@class cw.security_domain
local security_domain = {}

-- The domain whose secure channel is open on the card.
local connected

--- Use gp.open. `options` are those of gp.open, with a complete flavor.
---@return SecurityDomain
function security_domain.new(card, options)
  return setmetatable({
    card = card, aid = options.aid, keys = options.keys, or_keys = options.or_keys, flavor = options.flavor,
    level = options.level or "mac+enc", version = options.version, scp = options.scp, i = options.i,
    look_at = options.look_at or {}, status_pages = {}, confirmations = {},
  }, SecurityDomain)
end

--- What every SELECT outside this file has to say.
function security_domain.disconnect()
  if connected then connected.channel = nil end
  connected = nil
end

--- Whether a secure channel is open.
---@return boolean
function security_domain.is_connected()
  return connected ~= nil
end

--- Selects the domain and opens the secure channel, unless it is open.
---@param ahead? Ahead what goes to the card first, where another domain has its last word
---@return Channel|nil channel nil: what goes ahead was refused
---@return Answer[]|nil answers to what went ahead
function SecurityDomain:connect(ahead)
  if connected == self and not ahead then return self.channel end
  security_domain.disconnect()
  local select = key_looks.select(self.aid)
  local look = #self.look_at > 0 and key_looks.plan(self.look_at)
  local before = { ahead }
  if look then before[#before + 1] = { on = self.card, plan = look, each = true } end
  before[#before + 1] = { on = self.card, plan = { select } }
  local channel, answers = self.card:open_channel {
    keys = self.keys, or_keys = self.or_keys, level = self.level, version = self.version, scp = self.scp, i = self.i,
    aid = self.aid ~= "" and self.aid or nil, before = before,
  }
  local selected = answers[#answers][1]
  if ahead and not channel and not selected then return nil, answers[1] end
  if look then key_looks.take(self.card, self.look_at, answers[#answers - 1]) end
  if not channel then errors.refused(select, selected.sw) end
  if self.aid == "" then self.aid = tlv.find(selected.data, "6F/84") or "" end
  self.channel = channel
  self.keys, self.or_keys = channel.keys, nil
  connected = self
  return channel, ahead and answers[1]
end

--- Sends the last plan in this domain's channel and opens another domain after it: one exchange with a remote device,
--- where the plan may travel at once. Raises as Card:open_channel, but not for the plan.
---@param next SecurityDomain
---@param plan Command[]
---@return Answer[] to the plan; where it ends with an error, the other domain is not open
function SecurityDomain:hand_over(next, plan)
  local _, answers = next:connect { on = self:connect(), plan = plan }
  return answers
end

--- What the domain `aid` shows of its keys. Where that is not known, this domain is opened once more, and looks on the
--- way from then on.
---@param aid string
---@return KeyLook
function SecurityDomain:keys_of(aid)
  local known = key_looks.known(self.card, aid)
  if known then return known end
  local watched = false
  for _, one in ipairs(self.look_at) do watched = watched or one == aid end
  if not watched then self.look_at[#self.look_at + 1] = aid end
  security_domain.disconnect()
  self:connect()
  return key_looks.known(self.card, aid)
end

--- Ends the secure channel, on this side; the next use opens a new one.
function SecurityDomain:close()
  if connected ~= self then return end
  self.channel:close()
  security_domain.disconnect()
end

--- As Channel:send.
---@param command Command
---@return Answer
function SecurityDomain:send(command)
  return self:connect():send(command)
end

--- As Channel:send_each.
---@param plan Command[]
---@return Answer[]
function SecurityDomain:send_each(plan)
  return self:connect():send_each(plan)
end

--- As Channel:expect.
---@param command Command
---@return string data
function SecurityDomain:expect(command)
  return self:connect():expect(command)
end

--- Sends a plan as one batch; raises card for the first command that the card refused.
---@param plan Command[]
---@param doing string what it is, for the message: "LOAD wallet.cap"
---@return Answer[]
function SecurityDomain:expect_all(plan, doing)
  local answers = self:connect():send_all(plan)
  for i, answer in ipairs(answers) do
    if not errors.is_success(answer.sw) then
      errors.refused(plan[i], answer.sw, ("%s, command %d of %d"):format(doing, i, #plan))
    end
  end
  if #answers < #plan then
    errors.raise("card", ("%s stopped after %d of %d commands"):format(doing, #answers, #plan))
  end
  return answers
end

-- Reading ------------------------------------------------------------------------------------------------------------

--- GET DATA in the channel (GPCS 11.3); nil if the domain has no such object.
---@param tag integer
---@return string|nil
function SecurityDomain:get_data(tag)
  local answer = self:send(objects.get_data(tag))
  if answer.sw == 0x9000 then return answer.data end
  return nil
end

---@return CardKey[]
function SecurityDomain:key_info()
  return objects.key_info(self:get_data(0x00E0) or "")
end

--- One GET STATUS (GPCS 11.4), with all its pages.
---@param scope integer one of cw.registry's scopes
---@param aid? string only entries whose AID begins so
---@return Entry[]|nil nil: the card has no such scope
function SecurityDomain:status(scope, aid)
  return get_status.read(self, scope, aid or "")
end

--- Everything in the registry that this domain may see, by AID. Read once, and again when the card may be another than
--- it was (Card.changes).
---@return Registry
function SecurityDomain:registry()
  if not self.seen or self.seen_at ~= self.card.changes then
    self.seen, self.seen_at = get_status.read_all(self), self.card.changes
  end
  return self.seen
end

--- The registry's entry of one AID, or nil.
---@param aid string
---@return Entry|nil
function SecurityDomain:entry(aid)
  return self:registry()[aid]
end

-- Card content -------------------------------------------------------------------------------------------------------

--- Commands that bring one thing about, for Run:steps and SecurityDomain:carry_out.
---@class Plan
---@field doing string what it is, for messages: "LOAD wallet.cap"
---@field commands Command[]
---@field size? integer bytes, if it is worth to show progress
---@field pause_ms? integer powered rest after it
---@field receipt? Receipt how the confirmation in its last answer is checked
---@field confirms? string what that is over (receipts.fields)

--- INSTALL [for load] and all LOAD blocks (GPCS 11.5.2.1, 11.6).
---@param cap Cap
---@param options? LoadOptions
---@return Plan
function SecurityDomain:load_plan(cap, options)
  options = options or {}
  local commands = load.commands(cap, options, self.flavor, self:connect().max_data)
  -- Some cards tidy up after a large load, and only while they are powered and left alone.
  return {
    doing = "LOAD " .. cap.name, commands = commands, size = cap.size, pause_ms = self.flavor.pause_after_load_ms,
    receipt = options.receipt, confirms = receipts.fields(cap.package_aid, options.sd or self.aid),
  }
end

--- Load, install and make selectable in one go (GPCS 9.3.5, 11.5.2.1), with one token: `install.token` is bytes, or the
--- name of a key in custody, since what it signs begins with the first command.
---@param cap Cap
---@param options LoadOptions without token
---@param fields InstallFields elf may be left out
---@param token? string|{key: string}
---@return Plan
function SecurityDomain:load_and_install_plan(cap, options, fields, token)
  local commands = load.commands(cap, options, self.flavor, self:connect().max_data, true)
  local last = {}
  for name, value in pairs(fields) do last[name] = value end
  last.elf, last.combined = fields.elf or cap.package_aid, true
  last.token = type(token) == "table" and keys.token(token.key, commands[1]) or token
  commands[#commands + 1] = install.for_install(last, self.flavor.privilege_bytes)
  return {
    doing = "LOAD and INSTALL " .. cap.name, commands = commands, size = cap.size, receipt = options.receipt,
    confirms = receipts.fields(cap.package_aid, fields.aid or fields.module, options.sd or self.aid),
  }
end

--- As load_plan, sent. A torn load cannot go on in the middle: call again. Raises card: 6A84 no memory, 6A80 wrong
--- data.
---@param cap Cap
---@param options? LoadOptions
function SecurityDomain:load(cap, options)
  self:carry_out { self:load_plan(cap, options) }
end

--- INSTALL [for install and make selectable] (GPCS 11.5.2.3).
---@param fields InstallFields
---@param receipt? Receipt checks what the card confirms
---@return Plan
function SecurityDomain:install_plan(fields, receipt)
  return {
    doing = "INSTALL", commands = { install.for_install(fields, self.flavor.privilege_bytes) }, receipt = receipt,
    confirms = receipts.fields(fields.elf, fields.aid or fields.module),
  }
end

--- As install_plan, sent. Raises card.
---@param fields InstallFields
---@param receipt? Receipt
function SecurityDomain:install(fields, receipt)
  self:carry_out { self:install_plan(fields, receipt) }
end

-- The commands of plans[first] and those that may follow it at once; the first of the plans that may not.
local function together(plans, first)
  local commands, of, last = {}, {}, first
  for i = first, #plans do
    for k, command in ipairs(plans[i].commands) do
      commands[#commands + 1] = command
      of[#of + 1] = { plan = plans[i], at = k }
    end
    last = i
    if (plans[i].pause_ms or 0) > 0 then break end
  end
  return commands, of, last + 1
end

--- Sends plans, as many as possible in one exchange with a remote device, and reads the registry with the last of them.
--- Raises card for the first command that the card refused; what comes after it is not sent.
---@param plans Plan[]
---@param next_domain? SecurityDomain that is opened after the last of them, as by hand_over
function SecurityDomain:carry_out(plans, next_domain)
  local channel = self:connect()
  local first = 1
  while first <= #plans do
    local commands, of, next = together(plans, first)
    local look = next > #plans and get_status.plan(self)
    local all = {}
    for i, command in ipairs(commands) do all[i] = command end
    for _, command in ipairs(look and look.commands or {}) do all[#all + 1] = command end
    for i = first, next - 1 do
      if plans[i].size then log.progress(plans[i].doing, 0, plans[i].size) end
    end
    local answers = next > #plans and next_domain and self:hand_over(next_domain, all) or channel:send_all(all)
    for i, from in ipairs(of) do
      local answer, plan = answers[i], from.plan
      if not answer then errors.raise("card", ("%s stopped before command %d"):format(plan.doing, from.at)) end
      if not errors.is_success(answer.sw) then
        local several = #plan.commands > 1
        errors.refused(commands[i], answer.sw,
          several and ("%s, command %d of %d"):format(plan.doing, from.at, #plan.commands) or nil)
      end
      if from.at == #plan.commands and plan.size then log.progress(plan.doing, plan.size, plan.size) end
      if from.at == #plan.commands and plan.receipt then
        delegation.confirmed(self, plan.doing, answer.data, plan.receipt, plan.confirms)
      end
    end
    if look then
      local rest = {}
      for i = #commands + 1, #answers do rest[#rest + 1] = answers[i] end
      self.seen, self.seen_at = get_status.take(self, look, rest), self.card.changes
    end
    local pause = plans[next - 1].pause_ms or 0
    if pause > 0 then clock.sleep(pause / 1000) end
    first = next
  end
end

--- INSTALL [for personalization]: the STORE DATA that follow go to the application (GPCS 11.5.2.3.6).
---@param aid string
function SecurityDomain:install_for_personalization(aid)
  self:expect(install.for_personalization(aid))
end

--- INSTALL [for extradition]: the application or load file `aid` moves to the domain `sd` (GPCS 9.4.1).
---@param aid string
---@param sd string
---@param by? string|Data|Delegation
function SecurityDomain:extradite(aid, sd, by)
  by = delegation.of("extradite", by)
  self:connect()
  local answer = self:expect(install.for_extradition(aid, sd, by.token))
  delegation.confirmed(self, "INSTALL [for extradition]", answer, by.receipt, receipts.fields(self.aid, aid, sd))
end

--- INSTALL [for make selectable] (GPCS 11.5.2.3.3).
---@param aid string
---@param by? string|Data|Delegation
function SecurityDomain:make_selectable(aid, by)
  by = delegation.of("make_selectable", by)
  local found = by.receipt and self:entry(aid)
  local answer = self:expect(install.for_make_selectable({ aid = aid, token = by.token }, self.flavor.privilege_bytes))
  local elf = found and found.elf or ""
  delegation.confirmed(self, "INSTALL [for make selectable]", answer, by.receipt, receipts.fields(elf, aid))
end

--- INSTALL [for registry update] (GPCS 11.5.2.3).
---@param fields RegistryUpdateFields
function SecurityDomain:registry_update(fields)
  local answer = self:expect(install.for_registry_update(fields, self.flavor.privilege_bytes))
  local rights = fields.privileges and privileges.encode(fields.privileges, self.flavor.privilege_bytes) or ""
  local from = fields.sd and fields.sd ~= "" and self.aid or ""
  delegation.confirmed(self, "INSTALL [for registry update]", answer, fields.receipt,
    receipts.fields(from, fields.aid or "", fields.sd or "", rights, fields.parameters or ""))
end

-- 6A88, not in the registry, is what the command is to bring about: during recovery it is success.
local function expect_gone(domain, command)
  local answer = domain:send(command)
  if answer.sw ~= 0x6A88 and not errors.is_success(answer.sw) then errors.refused(command, answer.sw) end
  return answer
end

local function delete_content(domain, aid, p2, by)
  local answer = expect_gone(domain, delegation.delete_command(aid, p2, by))
  if answer.sw == 0x6A88 then return end
  delegation.confirmed(domain, "DELETE", answer.data, by.receipt, receipts.fields(aid))
end

--- DELETE of one object (GPCS 11.2). Not being there is success. Raises card: 6985, something still depends on it.
---@param aid string
---@param by? string|Data|Delegation
function SecurityDomain:delete(aid, by)
  delete_content(self, aid, 0x00, delegation.of("delete", by))
end

--- DELETE of a load file with all its applications; one by one where the card refuses the cascade.
---@param elf string
---@param by? string|Data|Delegation
function SecurityDomain:delete_related(elf, by)
  by = delegation.of("delete_related", by)
  if self.flavor.delete_cascade then return delete_content(self, elf, 0x80, by) end
  for _, entry in ipairs(registry.list(self:registry())) do
    if entry.elf == elf and entry.aid ~= elf then self:delete(entry.aid, by) end
  end
  self:delete(elf, by)
end

--- SET STATUS (GPCS 11.10). Raises card: 6985, 6A80 also when the state is already the wanted one.
---@param aid string
---@param state integer life cycle state byte; for locking 0x80, for unlocking 0x00
---@param p1? integer 0x80 ISD, 0x40 application or domain (default), 0x60 domain and its applications
function SecurityDomain:set_status(aid, state, p1)
  self:expect(apdu.command { cla = 0x80, ins = 0xF0, p1 = p1 or 0x40, p2 = state, data = aid })
end

-- Keys and data ------------------------------------------------------------------------------------------------------

--- PUT KEY of a stored set's three keys, identifiers 1 to 3 (GPCS 11.8). All three or none. Raises card; also when the
--- card answers other check values than those of the keys.
---@param name string key set
---@param version integer 1..127 key version number they get
---@param replace? integer version they take the place of; default: they are added
---@param next? SecurityDomain that is opened after it, as by hand_over
function SecurityDomain:put_key(name, version, replace, next)
  self:connect()  -- before the key data, which is under this channel's data encryption key
  local command = apdu.command {
    cla = 0x80, ins = 0xD8, p1 = replace or 0x00, p2 = 0x81, data = keys.put_key_data(name, version), le = 256,
  }
  local came = next and self:hand_over(next, { command })[1] or self:send(command)
  if came.sw ~= 0x9000 then errors.refused(command, came.sw) end
  local answer = came.data
  -- Of keys that are diversified per card the check values are not known up here.
  if answer == "" or #keys.info(name).kcvs == 0 then return end
  if answer ~= keys.put_key_answer(name, version) then
    errors.raise("card", ("PUT KEY of '%s' as version %02X: the card answers the check values %s, which are not those "
      .. "of these keys; do not use the new version before this is understood")
      :format(name, version, hex.encode(answer)))
  end
end

--- PUT KEY of a single key that the card checks tokens (version 70), or DAP (73) with, or makes receipts with (71):
--- of RSA and ECC the public half (GPCS 11.8). Raises card.
---@param name string of the key in custody
---@param version integer 1..127 key version number it gets
---@param replace? integer version it takes the place of; default: it is added
function SecurityDomain:put_signing_key(name, version, replace)
  self:connect()
  self:expect(apdu.command {
    cla = 0x80, ins = 0xD8, p1 = replace or 0x00, p2 = 0x01, data = keys.put_signing_key_data(name, version), le = 256,
  })
end

--- DELETE [key] of all keys of a version (GPCS 11.2); as many commands as the flavor needs. Not being there is
--- success.
---@param version integer
function SecurityDomain:delete_keys(version)
  local by_version = tlv.build(0xD2, string.char(version))
  if self.flavor.delete_key_by == "version" then
    return expect_gone(self, apdu.command { cla = 0x80, ins = 0xE4, data = by_version, le = 256 })
  end
  for id = 1, 3 do
    local data = tlv.build(0xD0, string.char(id)) .. by_version
    expect_gone(self, apdu.command { cla = 0x80, ins = 0xE4, data = data, le = 256 })
  end
end

--- STORE DATA for the domain itself, as BER-TLV: 42, 45, 66, 5F50 (GPCS 11.11). Personalization of applications is in
--- cw.perso.
---@param data string|Data
function SecurityDomain:store_data(data)
  -- P1: last block, BER-TLV, and what the card wants beside that.
  local p1 = bit.bor(0x90, self.flavor.store_data_p1)
  self:expect(apdu.command { cla = 0x80, ins = 0xE2, p1 = p1, p2 = 0x00, data = data })
end

return security_domain
