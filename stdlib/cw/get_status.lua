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

-- All pages, joined; nil, status word and command if the card refuses this form.
local function read_pages(domain, scope, form, aid)
  local data, p2 = "", form.p2
  while true do
    local command = apdu.command {
      cla = 0x80, ins = 0xF2, p1 = scope, p2 = p2, data = tlv.build(0x4F, aid) .. form.tags, le = 256,
    }
    local answer = domain:send(command)
    if answer.sw == 0x6A88 then return data end
    if answer.sw ~= 0x9000 and answer.sw ~= 0x6310 then return nil, answer.sw, command end
    data = data .. answer.data
    if answer.sw == 0x9000 then return data end
    p2 = form.p2 + 1
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
    if sw ~= 0x6A80 and sw ~= 0x6A81 and sw ~= 0x6A86 then errors.refused(command, sw) end
  end
  return nil
end

return get_status
