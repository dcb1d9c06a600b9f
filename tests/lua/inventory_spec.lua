--- What a card has, held against what is kept of it: what follows, and what brings the two together.
local check = require "cw.check"
local hex = require "hex"
local inventory = require "cw.inventory"

local AID = hex"F063617264770001"
local SEI = "https://sei.acme.example/sei/v1/"

local function kept(state, more)
  local out = { aid = AID, state = state, management = "delegated" }
  for name, value in pairs(more or {}) do out[name] = value end
  return out
end

local function seen(more)
  local out = { aid = AID, there = true, locked = false, listed = true }
  for name, value in pairs(more or {}) do out[name] = value end
  return out
end

local gone = seen { there = false }

-- The one finding about that domain.
local function find(record, domain)
  local findings = inventory.compare({ record }, { domain })
  check.equal(#findings, 1)
  return findings[1]
end

return {
  ["nothing is to be done where all agree"] = function()
    for _, pair in ipairs {
      { kept "present", seen() }, { kept "locked", seen { locked = true } }, { kept "deleted", gone },
      { kept("present", { version = 0x31, keys = "ours" }), seen { versions = { [0x31] = 3 } } },
      { kept "moved", gone },
    } do
      local finding = find(pair[1], pair[2])
      check.equal(finding.repair, nil)
      check.equal(finding.becomes, nil)
    end
  end,

  ["a domain that is gone is made again by whoever made it"] = function()
    local ours = find(kept "present", gone)
    check.equal(ours.card, "gone")
    check.equal(ours.becomes, "reset")
    check.equal(ours.repair.flow, "sd/create")
    check.equal(ours.repair.arguments.domain, "F063617264770001")
    check.equal(ours.repair.arguments.management, "delegated")
    local theirs = find(kept("reset", { issuer = SEI, told = "RESETED" }), gone)
    check.equal(theirs.repair.flow, "sei/create")
    check.equal(theirs.repair.arguments.issuer, SEI)
    check.equal(theirs.told, "RESETED")
  end,

  ["select tells a locked domain not from one that is gone so nothing is kept"] = function()
    local finding = find(kept("present", { issuer = SEI }), seen { there = false, listed = false })
    check.equal(finding.card, "gone or locked")
    check.equal(finding.becomes, nil)
    check.equal(finding.repair.flow, "sei/unlock")
  end,

  ["a lock that nobody told is seen"] = function()
    local finding = find(kept "present", seen { locked = true })
    check.equal(finding.becomes, "locked")
    check.equal(finding.repair.flow, "demo/unlock")
    check.equal(finding.repair.arguments.aid, "F063617264770001")
    check.equal(find(kept "locked", seen()).becomes, "present")
  end,

  ["what was asked for and is there is there"] = function()
    check.equal(find(kept "asked", seen()).becomes, "present")
    check.equal(find(kept("asked", { issuer = SEI }), gone).repair.flow, "sei/create")
  end,

  ["keys that the card does not show are told"] = function()
    local finding = find(kept("present", { version = 0x31, keys = "ours" }), seen { versions = { [0x30] = 3 } })
    check.equal(finding.repair.flow, "demo/rotate-keys")
    check.equal(finding.repair.arguments.new, "ours")
  end,

  ["what was deleted and is there is deleted again"] = function()
    check.equal(find(kept("deleted", { issuer = SEI }), seen()).repair.flow, "sei/delete")
    check.equal(find(kept "deleted", seen()).repair.arguments.aid, "F063617264770001")
    check.equal(find(kept "reset", seen()).becomes, "present")
  end,

  ["a domain that nobody knows is told and left alone"] = function()
    local findings = inventory.compare({}, { seen() })
    check.equal(findings[1].kept, nil)
    check.equal(findings[1].repair, nil)
    check.equal(findings[1].says, "the card has it, and we know of no such domain")
  end,
}
