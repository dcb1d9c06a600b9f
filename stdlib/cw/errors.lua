--- Errors of the library, in the one shape that the runtime knows: { kind, message, sw }.
---
--- A message is one line: what was being done, to what, what went wrong in the card's own terms, and what to do next.
--- Never a secret: this library could not print one, since it never holds one.
local apdu = require "apdu"

---@class cw.errors
local errors = {}

--- Raises an error.
---@param kind "usage"|"card"|"channel"|"cap"|"script" see Errors in docs/ARCHITECTURE.md
---@param message string
---@param sw? integer status word, if a card said no
function errors.raise(kind, message, sw)
  error({ kind = kind, message = message, sw = sw }, 0)
end

--- Raises usage when a table of options holds a name that the function does not know: a mistyped option must not be
--- silently without effect.
---@param what string name of the function, for the message
---@param options table
---@param known table<string, boolean>
function errors.check_options(what, options, known)
  if type(options) ~= "table" then errors.raise("usage", what .. ": expected a table of options") end
  for name in pairs(options) do
    if not known[name] then errors.raise("usage", what .. ": unknown option '" .. tostring(name) .. "'") end
  end
end

--- Raises card for a command that the card refused.
---@param command Command
---@param sw integer
---@param doing? string what it was part of: "LOAD block 3 of 12"
function errors.refused(command, sw, doing)
  local message = (doing or apdu.describe(command)) .. " failed: " .. apdu.meaning(sw, command)
  errors.raise("card", message, sw)
end

--- True for the status words that a command may end with when it did its work: 9000, 61xx and the warnings 62xx, 63xx.
--- The same that Channel:send_all goes on after.
---@param sw integer
---@return boolean
function errors.is_success(sw)
  return sw == 0x9000 or (sw >= 0x6100 and sw <= 0x63FF)
end

return errors
