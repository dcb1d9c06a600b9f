// string: what calls back into the script is written in Lua, so that it can wait, be counted and be killed, and takes
// no C stack.
#include "sandbox_private.h"

namespace cw::lua {

const char* const kPreludeString = R"lua(
local native, globals = ...
local type, error, tostring, select, unpack = globals.type, globals.error, globals.tostring, globals.select, native.unpack
local string = globals.string
for _, name in globals.ipairs { "byte", "char", "find", "gmatch", "len", "lower", "match", "rep", "reverse", "sub", "upper" } do
  string[name] = native[name]
end

local raw_format = native.format
local function format_tables(at, template, ...)
  local args, count, text = { ... }, select("#", ...), nil
  repeat
    args[at] = tostring(args[at])
    text, at = raw_format(template, unpack(args, 1, count))
  until text
  return text
end
function string.format(...)
  local text, at = raw_format(...)
  if text then return text end
  return format_tables(at, ...)
end

local gsub_text, gsub_step, gsub_check = native.gsub_text, native.gsub_step, native.gsub_check
local sub, concat = native.sub, native.concat

local function replaced(repl, is_table, first, last, capture, ...)
  if not first then return end
  local value
  if is_table then value = repl[capture] else value = repl(capture, ...) end
  return first, last, value
end

function string.gsub(s, pattern, repl, limit)
  if type(repl) ~= "table" and type(repl) ~= "function" then return gsub_text(s, pattern, repl, limit) end
  local is_table = type(repl) == "table"
  s, pattern, limit = gsub_check(s, pattern, limit)
  local anchored = sub(pattern, 1, 1) == "^"
  local out, used, count, at = {}, 0, 0, 1
  while count < limit do
    local first, last, value = replaced(repl, is_table, gsub_step(s, pattern, at, is_table))
    if not first then break end
    count = count + 1
    local kept = type(value)
    if not value then value = sub(s, first, last)
    elseif kept ~= "string" and kept ~= "number" then error("gsub: replacement is a " .. kept, 2) end
    out[used + 1], out[used + 2] = sub(s, at, first - 1), value
    used, at = used + 2, last + 1
    if last < first then
      if first > #s then break end
      used, at = used + 1, first + 1
      out[used] = sub(s, first, first)
    end
    if anchored then break end
  end
  out[used + 1] = sub(s, at)
  return concat(out), count
end
)lua";

}  // namespace cw::lua
