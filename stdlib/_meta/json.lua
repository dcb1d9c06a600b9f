---@meta
error("stub for editors; the module is native")

--- JSON. Objects go out with sorted keys; bytes must be hex or text in UTF-8.
---@class jsonlib
---@field null userdata stands for null
local json = {}

--- Text of `value`: nil, boolean, number, string, table (1..n: array, else object). An empty table is an object unless
--- made by json.array or json.decode. Raises usage with the path of the value: functions, handles, mixed keys, numbers
--- that are not finite, whole numbers beyond 2^53, not UTF-8, deeper than 64, more than 100000 values, over 1 MiB.
---@param value any
---@return string
function json.encode(value) end

--- Value of JSON `text`; null becomes json.null. Raises usage with the place; the limits are those of json.encode.
---@param text string
---@return any
function json.decode(text) end

--- Marks a table so that it goes out as an array, also when empty.
---@param list table
---@return table
function json.array(list) end

return json
