---@meta
error("stub for editors; the module is native")

--- Time, as the run sees it.
---@class clocklib
local clock = {}

--- Milliseconds since 1970.
---@return integer
function clock.now() end

--- Waits; other runs go on meanwhile. For cards that need rest.
---@param seconds number 0..86400
function clock.sleep(seconds) end

return clock
