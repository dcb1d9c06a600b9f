---@meta
error("stub for editors; the module is native")

--- Random values that a script may see: nonces, never keys.
---@class randomlib
local random = {}

---@param count integer 1..1024
---@return string
function random.bytes(count) end

--- A number from low to high, each equally likely.
---@param low integer
---@param high integer
---@return integer
function random.integer(low, high) end

return random
