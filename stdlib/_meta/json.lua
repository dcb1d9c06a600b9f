---@meta
error("stub for editors; the module is native")

--- JSON. Objects go out with sorted keys; bytes must be hex or text in UTF-8.
---@class jsonlib
---@field null userdata stands for null
local json = {}

--- Text of `value`: nil, boolean, number, string, table (1..n: array, else object). An empty table is an object unless
--- made by json.array. Raises usage: functions, handles, mixed keys, not UTF-8, deeper than 64.
---@param value any
---@return string
function json.encode(value) end

--- Value of JSON `text`; null becomes json.null. Raises usage with the place.
---@param text string
---@return any
function json.decode(text) end

--- Marks a table so that it goes out as an array, also when empty.
---@param list table
---@return table
function json.array(list) end

return json
