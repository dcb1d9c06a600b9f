--- What differs between card products, as far as this library has to know it. A run gets its card's flavor as
--- run.flavor and passes it on: gp.open(run.card, { flavor = run.flavor, ... }). Values that a flavor leaves out are
--- those of a card that does all that GlobalPlatform says.
local hex = require "hex"

---@class Flavor
---@field name string "generic", "jcop4", ...
---@field isd_aid string AID of the issuer security domain; empty: whatever an empty SELECT finds
---@field ssd_aid string AID that a new supplementary security domain is given
---@field ssd_package string ELF AID that security domains are installed from
---@field ssd_module string module AID in it
---@field privilege_bytes integer 3, or 1 where the card refuses the three-byte form
---@field store_data_p1 integer bits that every STORE DATA needs in P1
---@field install_for_personalization boolean false: the card refuses it, the applet takes STORE DATA itself
---@field list_modules boolean false: GET STATUS lists load files without their modules
---@field delete_cascade boolean false: the card refuses DELETE of an object with all related ones
---@field delete_key_by "version"|"id" whether one DELETE [key] takes a whole version or one key identifier
---@field scp string|integer preferred secure channel protocol
---@field encrypt_empty_data boolean C-ENC pads and encrypts empty data too; the channel below sees to it
---@field pause_after_load_ms integer powered rest after a load
---@field load_parameters string parameters of INSTALL [for load], as TLV

---@class cw.flavor
local flavor = {}

local defaults = {
  name = "generic",
  isd_aid = "",
  ssd_aid = "",
  ssd_package = hex"A0000001515350",
  ssd_module = hex"A000000151535041",
  privilege_bytes = 3,
  store_data_p1 = 0,
  install_for_personalization = true,
  list_modules = true,
  delete_cascade = true,
  delete_key_by = "version",
  scp = "03",
  encrypt_empty_data = false,
  pause_after_load_ms = 0,
  load_parameters = "",
}

--- A complete flavor: `given` over the defaults.
---@param given? table
---@return Flavor
function flavor.complete(given)
  local out = {}
  for name, value in pairs(defaults) do out[name] = value end
  for name, value in pairs(given or {}) do out[name] = value end
  return out
end

return flavor
