--- What specs assert with: `cardwright spec FILE` runs a file that returns a table of functions, and a function that
--- raises has failed.
local hex = require "hex"

---@class cw.check
local check = {}

local function text(value)
  if type(value) == "string" and value:find("[^%g ]") then return "bytes " .. hex.encode(value) end
  if type(value) == "string" then return "'" .. value .. "'" end
  return tostring(value)
end

--- Where two values differ, tables field by field to any depth: a path and both values there, or nil.
---@param got any
---@param want any
---@param path string
---@return string|nil path, any got, any want
function check.difference(got, want, path)
  if type(got) ~= "table" or type(want) ~= "table" then
    if got == want then return nil end
    return path, got, want
  end
  for key, value in pairs(want) do
    local where, left, right = check.difference(got[key], value, path .. "." .. tostring(key))
    if where then return where, left, right end
  end
  for key in pairs(got) do
    if want[key] == nil then return path .. "." .. tostring(key), got[key], nil end
  end
  return nil
end

--- Raises unless both are equal; tables field by field, to any depth.
---@param got any
---@param want any
---@param what? string
function check.equal(got, want, what)
  local path, left, right = check.difference(got, want, what or "value")
  if path then error(path .. " is " .. text(left) .. ", expected " .. text(right), 2) end
end

--- Raises unless `body` raises an error whose message has `part` in it.
---@param part string
---@param body fun()
function check.raises(part, body)
  local ok, failure = pcall(body)
  if ok then error("no error, expected one with '" .. part .. "'", 2) end
  local message = type(failure) == "table" and failure.message or tostring(failure)
  if not message:find(part, 1, true) then error("the error is '" .. message .. "', expected '" .. part .. "'", 2) end
end

return check
