--- What `cardwright repl` does with each entry: calls it, and shows what it returns.
local apdu = require "apdu"
local gp = require "cw.gp"
local hex = require "hex"
local json = require "json"
local keys = require "keys"
local log = require "log"
local perso = require "cw.perso"
local sd = require "cw.sd"
local tlv = require "tlv"

local my = {}

local function show_bytes(value) return 'hex"' .. hex.encode(value) .. '"' end

--- Text as text, bytes as hex: a card's answers are bytes more often than not.
local function show_string(value)
  if value:find("^[%g ]*$") and value ~= "" then return ("%q"):format(value) end
  return show_bytes(value)
end

local function show_key(key)
  if type(key) ~= "string" then return ("[%s]"):format(tostring(key)) end
  return key:find("^[%a_][%w_]*$") and key or ("[%s]"):format(show_string(key))
end

--- Fields that are bytes, also when they look like text.
local is_bytes = { kcv = true, kcvs = true }

local function show(value, depth, as_bytes)
  if type(value) == "string" then return as_bytes and show_bytes(value) or show_string(value) end
  if type(value) == "number" and value >= 0 and value % 1 == 0 and value < 2^32 then
    return ("%d (0x%X)"):format(value, value)
  end
  if type(value) ~= "table" then return tostring(value) end
  if depth > 3 then return "{...}" end
  local parts = {}
  for i, item in ipairs(value) do parts[i] = show(item, depth + 1, as_bytes) end
  local in_list = #parts
  for key, item in pairs(value) do
    if type(key) ~= "number" or key > in_list then
      parts[#parts + 1] = show_key(key) .. " = " .. show(item, depth + 1, as_bytes or is_bytes[key])
    end
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

--- Shows what the entry returned; gives the text of its error back.
local function finish(ok, ...)
  if not ok then return tostring((...)) end
  local shown = {}
  for i = 1, select("#", ...) do shown[i] = show((select(i, ...)), 1) end
  if #shown > 0 then log.info(table.concat(shown, ", ")) end
  return nil
end

--- What an entry's expression is handed to.
local function same(...) return ... end

return function(entry, given)
  return finish(pcall(entry, same, given.card, given.flavor, my, gp, sd, perso, apdu, tlv, hex, json, keys))
end
