--- What a card has, held against what we keep of it and what its issuer told us: findings, and what brings the three
--- together, as data. Nothing here changes a card.
---
---   local findings = inventory.compare(domains.list(), inventory.seen_by_isd(isd))
---   for _, finding in ipairs(findings) do print(finding.says, finding.repair.flow) end
local hex = require "hex"
local objects = require "cw.objects"
local registry = require "cw.registry"
local gp = require "cw.gp"

---@class cw.inventory
local inventory = {}

--- A security domain as the card shows it.
---@class SeenDomain
---@field aid string
---@field there boolean
---@field locked boolean
---@field versions table<integer, integer>|nil how many keys it has of each version; nil: not looked at
---@field listed boolean by the ISD; else seen by SELECT, which tells a locked domain not from one that is not there

--- One difference, or none (repair is then nil).
---@class Finding
---@field aid string
---@field kept string|nil state that we keep of it; nil: we know of no such domain
---@field told string|nil what its issuer said last
---@field card string what the card shows: "present", "locked", "gone", "gone or locked"
---@field says string what follows, for people
---@field becomes string|nil state that is to be kept, where the card is right
---@field repair {flow: string, arguments: table<string, string>, because: string}|nil

local function versions_in(keys)
  local out = {}
  for _, key in ipairs(keys) do out[key.version] = objects.count_version(keys, key.version) end
  return out
end

--- The supplementary domains in the ISD's registry, with those of `aids` that are not in it.
---@param isd SecurityDomain open
---@param aids string[]
---@return SeenDomain[]
function inventory.seen_by_isd(isd, aids)
  local out, listed = {}, {}
  for _, entry in ipairs(registry.list(isd:registry())) do
    if entry.kind == "sd" then
      listed[entry.aid] = true
      out[#out + 1] = { aid = entry.aid, there = true, locked = entry.locked, listed = true }
    end
  end
  for _, aid in ipairs(aids) do
    if not listed[aid] then out[#out + 1] = { aid = aid, there = false, locked = false, listed = true } end
  end
  return out
end

--- The same by SELECT and GET DATA E0, for a provider who has no key of the ISD. Ends any secure channel.
---@param card Card
---@param aids string[]
---@return SeenDomain[]
function inventory.seen_by_select(card, aids)
  local out = {}
  for _, aid in ipairs(aids) do
    local look = gp.look_at_keys(card, aid)
    out[#out + 1] = {
      aid = aid, there = look.sw == 0x9000 or look.sw == 0x6283, locked = look.sw == 0x6283, listed = false,
      versions = look.sw == 0x9000 and versions_in(look.keys) or nil,
    }
  end
  return out
end

local function shown(seen)
  if seen.there then return seen.locked and "locked" or "present" end
  return seen.listed and "gone" or "gone or locked"
end

-- What runs: through the issuer's SEI-TSM where that made the domain, else through the ISD.
local function plan(kept, issuers, ours, arguments, because)
  local out = { flow = kept.issuer and issuers or ours, arguments = arguments or {}, because = because }
  out.arguments.domain = hex.encode(kept.aid)
  if kept.issuer then out.arguments.issuer = kept.issuer end
  return out
end

local function create_again(kept, because)
  local arguments = { management = kept.management, sd_keys = not kept.issuer and kept.keys or nil }
  return plan(kept, "sei/create", "sd/create", arguments, because)
end

-- Kept as there, and the card says something else.
local function judge_present(kept, seen, finding)
  if not seen.there then
    finding.says = "we keep it as " .. kept.state .. ", and the card does not have it"
    finding.becomes = "reset"
    finding.repair = create_again(kept, "the domain is gone with all that was in it")
    if not seen.listed then
      finding.says = finding.says .. ", or it is locked: SELECT tells the two not apart"
      finding.becomes = nil
      finding.repair = plan(kept, "sei/unlock", "demo/inventory", nil,
        "who may list the card's registry can tell a locked domain from one that is gone")
    end
  elseif seen.locked and kept.state ~= "locked" then
    finding.says = "the card has locked it, and we did not know"
    finding.becomes = "locked"
    finding.repair = plan(kept, "sei/unlock", "demo/unlock", nil, "a locked domain blocks what is in it")
    if not kept.issuer then
      finding.repair.arguments.aid, finding.repair.arguments.domain = finding.repair.arguments.domain, nil
    end
  elseif not seen.locked and kept.state == "locked" then
    finding.says = "we keep it as locked, and it is not"
    finding.becomes = "present"
  elseif kept.state == "asked" then
    finding.says = "it was asked for, and is there"
    finding.becomes = "present"
  elseif seen.versions and (kept.version or 0) > 0 and (seen.versions[kept.version] or 0) < 3 then
    finding.says = ("we keep keys of version %02X for it, and it shows none"):format(kept.version)
    finding.repair = { flow = "demo/rotate-keys", arguments = { domain = hex.encode(kept.aid), new = kept.keys },
                       because = "the card shows other keys; `old` are those that it has" }
  else
    finding.says = "as we keep it"
  end
end

local function judge_gone(kept, seen, finding)
  if not seen.there then
    finding.says = kept.state == "deleted" and "as we keep it" or "gone, as we keep it"
    if kept.state == "reset" then finding.repair = create_again(kept, "the chip was reset") end
    return
  end
  finding.says = "we keep it as " .. kept.state .. ", and the card has it"
  finding.becomes = seen.locked and "locked" or "present"
  if kept.state == "deleted" then
    finding.becomes = nil
    finding.repair = plan(kept, "sei/delete", "app/delete", nil, "it was to be deleted")
    if not kept.issuer then
      finding.repair.arguments.aid, finding.repair.arguments.domain = finding.repair.arguments.domain, nil
    end
  end
end

local gone = { deleted = true, reset = true }

--- What the card shows, held against what is kept and was told; by AID.
---@param kept DomainRecord[] domains.list()
---@param seen SeenDomain[]
---@return Finding[]
function inventory.compare(kept, seen)
  local records = {}
  for _, record in ipairs(kept) do records[record.aid] = record end
  local out = {}
  for _, one in ipairs(seen) do
    local record = records[one.aid]
    local finding = {
      aid = one.aid, kept = record and record.state, told = record and record.told, card = shown(one),
    }
    if not record then
      finding.says = "the card has it, and we know of no such domain"
    elseif record.state == "moved" then
      finding.says = "it is no longer ours to manage"
    elseif gone[record.state] then
      judge_gone(record, one, finding)
    else
      judge_present(record, one, finding)
    end
    out[#out + 1] = finding
  end
  table.sort(out, function(a, b) return a.aid < b.aid end)
  return out
end

return inventory
