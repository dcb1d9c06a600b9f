// table: sort is a stable merge sort, so that the result is fixed whatever the comparator does, and a comparator may
// wait.
#include "sandbox_private.h"

namespace cw::lua {

const char* const kPreludeTable = R"lua(
local native, globals = ...
local rawget, rawset, type, error = globals.rawget, globals.rawset, globals.type, globals.error
local table = globals.table
for _, name in globals.ipairs { "concat", "insert", "maxn", "remove", "unpack" } do table[name] = native[name] end

local function less_than(a, b) return a < b end

function table.sort(t, less)
  if type(t) ~= "table" then error("table.sort: expected a table, got a " .. type(t), 2) end
  if less == nil then less = less_than
  elseif type(less) ~= "function" then error("table.sort: expected a function, got a " .. type(less), 2) end
  local n, from, to = #t, {}, {}
  for i = 1, n do from[i] = rawget(t, i) end
  local width = 1
  while width < n do
    for low = 1, n, 2 * width do
      local middle, high = low + width, low + 2 * width
      if middle > n then middle = n + 1 end
      if high > n then high = n + 1 end
      local i, j = low, middle
      for k = low, high - 1 do
        if i < middle and (j >= high or not less(from[j], from[i])) then
          to[k], i = from[i], i + 1
        else
          to[k], j = from[j], j + 1
        end
      end
    end
    from, to, width = to, from, 2 * width
  end
  for i = 1, n do rawset(t, i, from[i]) end
end
)lua";

}  // namespace cw::lua
