--- Faults, a line each: what t:fault arms. A fault happens once, at the command that it names; `always` ones from then
--- on. Where: a number counts commands from now, from 1, as a trace does; a name is that of traces ("LOAD", "INSTALL"
--- for all of its kinds, "INSTALL [for load]"), and then the first of its kind, or the nth; nothing is the next one.
---
---   t:fault(fault.tear_after("LOAD", 3))
---   t:fault(fault.status(0x6A84, "INSTALL [for load]"))

---@class Fault
---@field kind string

---@class cw.fault
local fault = {}

local function make(kind, where, nth, more)
  local out = { kind = kind }
  if type(where) == "number" then out.number = where else out.on = where end
  out.nth = nth
  for name, value in pairs(more or {}) do out[name] = value end
  return out
end

--- Power is lost, and the card never saw the command.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.tear_before(where, nth) return make("tear before", where, nth) end

--- Power is lost in the middle of the card's transaction. Simulated cards only.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.tear_inside(where, nth) return make("tear inside", where, nth) end

--- The card acted, and its answer is lost with the power.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.tear_after(where, nth) return make("tear after", where, nth) end

--- The card acted, and no answer came.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.drop(where, nth) return make("drop", where, nth) end

--- One bit of the answer is wrong: of its data, or of the status word where there is no data.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.corrupt(where, nth) return make("corrupt", where, nth) end

--- The second half of the answer is missing.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.truncate(where, nth) return make("truncate", where, nth) end

--- The answer comes again, in place of the next one.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.duplicate(where, nth) return make("duplicate", where, nth) end

--- The answer comes late.
---@param milliseconds integer at most 60000
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.delay(milliseconds, where, nth) return make("delay", where, nth, { amount = milliseconds }) end

--- One bit of the command's C-MAC is wrong: of the next command in a secure channel that fits.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.wrong_mac(where, nth) return make("wrong mac", where, nth) end

--- The card answers this status word and does nothing. On a card that is not simulated, a secure channel is out of step
--- after it.
---@param sw integer
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.status(sw, where, nth) return make("status", where, nth, { sw = sw }) end

--- The same from then on.
---@param sw integer
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.status_always(sw, where, nth) return make("status", where, nth, { sw = sw, always = true }) end

--- There is no card, until the next reset.
---@param where? integer|string
---@param nth? integer
---@return Fault
function fault.card_removed(where, nth) return make("card removed", where, nth) end

--- There is no reader any more, until t:clear_faults().
---@return Fault
function fault.reader_gone() return make("reader gone") end

--- The non-volatile memory is full from so many bytes in use. Simulated cards only.
---@param bytes integer
---@return Fault
function fault.nvm_full(bytes) return make("nvm full", nil, nil, { amount = bytes }) end

--- Every key set answers as after too many failed authentications (6983).
---@return Fault
function fault.lock_keys() return make("lock keys") end

local known = {}
for name in pairs(fault) do known[#known + 1] = name end
table.sort(known)

-- A mistyped fault must not be a call of nil.
return setmetatable(fault, {
  __index = function(_, name)
    local message = "there is no fault." .. tostring(name) .. "; there are " .. table.concat(known, ", ")
    error({ kind = "usage", message = message })
  end,
})
