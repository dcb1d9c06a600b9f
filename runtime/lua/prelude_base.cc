// Catching errors, printing values, loading modules. Handlers of xpcall run after the stack is unwound: inside the
// error, hooks can be off, and a script has no debug library that would want the stack.
#include "sandbox_private.h"

namespace cw::lua {

const char* const kPreludeBase = R"lua(
local native, globals = ...
local raw_pcall, post, settle = native.raw_pcall, native.post, native.settle
local type, error = globals.type, globals.error
local identity, metamethod = native.identity, native.metamethod

native.keep_settler(function(waiting)
  return function(...) return settle(waiting(...)) end
end)

function globals.pcall(...) return post(raw_pcall(...)) end

local function handled(_, err) return false, err end
local function handle(handler, ok, ...)
  if ok then return ok, ... end
  return handled(post(raw_pcall(handler, ...)))
end
function globals.xpcall(f, handler, ...) return handle(handler, post(raw_pcall(f, ...))) end

function globals.tostring(...)
  local print = metamethod("__tostring", ...)
  if not print then return identity(...) end
  local text = print((...))
  if type(text) ~= "string" then error("__tostring must return a string", 2) end
  return text
end

globals.next, globals.pairs = native.next, native.pairs
globals.setmetatable, globals.getmetatable = native.setmetatable, native.getmetatable
globals.unpack = native.unpack

local loaded, started, find, check = {}, {}, native.find_module, native.check_module
function globals.require(name)
  local module = loaded[name]
  if module ~= nil then return module end
  module = find(name, started[name])
  started[name] = true
  if type(module) == "function" then module = check(name, module(name)) end
  loaded[name] = module
  return module
end
)lua";

}  // namespace cw::lua
