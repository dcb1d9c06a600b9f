--- What is to be known before a card's content is changed: is the card in use, is the domain there and not locked, is
--- there room. What is missing ends the run before anything was sent that changes the card; once it is cured, the flow
--- goes on from where it was.
---
---   local found = preflight.check(run.card, { domain = domain })
---   preflight.room(found, run.args.cap)  -- once it is known that it has to be loaded
---
--- It looks as anybody can, in the plain: SELECT and GET DATA, one exchange with a remote device.
local hex = require "hex"
local errors = require "cw.errors"
local gp = require "cw.gp"
local key_looks = require "cw.key_looks"
local objects = require "cw.objects"

---@class cw.preflight
local preflight = {}

-- SELECT of an application on a card that is CARD_LOCKED answers 6283 (GPCS 11.9.3.2).
local CARD_LOCKED = 0x6283

---@class PreflightOptions
---@field domain? string AID of the security domain that is to be managed

---@class Preflight
---@field keys CardKey[] that the domain shows
---@field free? {applications: integer|nil, non_volatile: integer|nil, volatile: integer|nil} where the card tells

--- Raises card, and says what to do: the card is locked; it selects no such domain, which is not there or is locked;
--- the domain has no keys yet. Ends any secure channel.
---@param card Card
---@param options PreflightOptions
---@return Preflight
function preflight.check(card, options)
  errors.check_options("preflight.check", options, { domain = true })
  gp.forget_channel()
  local plan = { key_looks.select "", objects.get_data(0xFF21) }
  if options.domain then
    plan[3], plan[4] = key_looks.select(options.domain), objects.get_data(0x00E0)
  end
  local answers = card:send_each(plan)
  if answers[1].sw == CARD_LOCKED then
    errors.raise("card", "the card is locked (CARD_LOCKED): its issuer has to unlock it before its content can be "
      .. "changed; the flow goes on then", CARD_LOCKED)
  end
  if answers[1].sw ~= 0x9000 then errors.refused(plan[1], answers[1].sw) end
  local found = { keys = {} }
  if options.domain then
    if answers[3].sw ~= 0x9000 then
      errors.raise("card", ("the card does not select security domain %s (%04X): it is not there, or its issuer has "
        .. "locked it; ask the issuer (sei/create, sei/unlock), and the flow goes on then")
        :format(hex.encode(options.domain), answers[3].sw), answers[3].sw)
    end
    found.keys = answers[4].sw == 0x9000 and objects.key_info(answers[4].data) or {}
    if #found.keys == 0 then
      errors.raise("card", ("security domain %s has no keys yet, so nothing can be loaded into it; give it its first "
        .. "keys, and the flow goes on then"):format(hex.encode(options.domain)))
    end
  end
  if answers[2].sw == 0x9000 then
    found.free = gp.free_memory(answers[2].data)
  end
  return found
end

--- Raises card if the card says that it has less non-volatile memory left than the load file takes. What its instances
--- take comes on top, and only the card knows it.
---@param found Preflight
---@param cap Cap
function preflight.room(found, cap)
  local left = found.free and found.free.non_volatile
  if left and left < cap.size then
    errors.raise("card", ("%s takes %d bytes, and the card has %d left; delete what is not needed any more "
      .. "(app/delete), and the flow goes on then"):format(cap.name, cap.size, left))
  end
end

return preflight
