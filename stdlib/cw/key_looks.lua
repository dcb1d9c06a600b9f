--- Which keys domains show to everybody (SELECT, GET DATA 00E0), looked at on the way: ahead of a handshake, where it
--- costs a remote device no exchange more. What was seen counts until the card may be another.
local apdu = require "apdu"
local objects = require "cw.objects"

---@class cw.key_looks
local key_looks = {}

---@class KeyLook
---@field sw integer of SELECT: 9000 found, 6283 locked
---@field keys CardKey[]

-- What was seen, by AID; `at` is Card.changes at that time.
local seen = {}

--- SELECT by name (GPCS 11.9).
---@param aid string
---@return Command
function key_looks.select(aid)
  return apdu.command { cla = 0x00, ins = 0xA4, p1 = 0x04, p2 = 0x00, data = aid, le = 256 }
end

--- What looks at the keys of domains; it only reads, and is for send_each. It ends any secure channel.
---@param aids string[]
---@return Command[]
function key_looks.plan(aids)
  local out = {}
  for _, aid in ipairs(aids) do
    out[#out + 1] = key_looks.select(aid)
    out[#out + 1] = objects.get_data(0x00E0)
  end
  return out
end

--- Takes what the card answered to that plan.
---@param card Card
---@param aids string[]
---@param answers Answer[]
function key_looks.take(card, aids, answers)
  for i, aid in ipairs(aids) do
    local selected, data = answers[2 * i - 1], answers[2 * i]
    -- Where nothing was selected, it was somebody else who answered.
    local found = selected.sw == 0x9000 and data.sw == 0x9000
    seen[aid] = { at = card.changes, look = { sw = selected.sw, keys = found and objects.key_info(data.data) or {} } }
  end
end

--- A domain that was created just now has none.
---@param card Card
---@param aid string
function key_looks.created(card, aid)
  seen[aid] = { at = card.changes, look = { sw = 0x9000, keys = {} } }
end

--- What was known at `changes` counts on: nothing since then can have changed the keys of a domain.
---@param card Card
---@param changes integer as Card.changes
function key_looks.keep(card, changes)
  for _, known in pairs(seen) do
    if known.at == changes then known.at = card.changes end
  end
end

--- What is known of a domain's keys; nil if they were not looked at, or the card may be another since.
---@param card Card
---@param aid string
---@return KeyLook|nil
function key_looks.known(card, aid)
  local known = seen[aid]
  return known and known.at == card.changes and known.look or nil
end

return key_looks
