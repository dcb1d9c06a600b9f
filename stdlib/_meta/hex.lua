---@meta
error("stub for editors; the module is native")

--- Bytes and hexadecimal text. `hex"00A4"` is the shortest way to write bytes.
---@class hexlib
---@overload fun(text: string): string
local hex = {}

--- Upper-case digits of `bytes`.
---@param bytes string
---@return string
function hex.encode(bytes) end

--- Bytes of hex `text`; white space, ':' and '-' between digits are skipped. Raises usage for anything else.
---@param text string
---@return string
function hex.decode(text) end

return hex
