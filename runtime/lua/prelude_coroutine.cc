// Coroutines of a script. A native call that waits inside one yields WAIT, which goes up from coroutine to coroutine
// until it reaches the host, and the results come down the same way; the script sees neither. A pause of what computes
// inside one goes the same ways, and brings nothing.
#include "sandbox_private.h"

namespace cw::lua {

const char* const kPreludeCoroutine = R"lua(
local native, globals = ...
local raw, error = native.raw_coroutine, globals.error
local raw_resume, raw_yield, create = raw.resume, raw.yield, raw.create
local enter, leave, WAIT = native.enter, native.leave, native.WAIT
local is_paused, go_back = native.is_paused, native.go_back

local function pump(co, ok, ...)
  if (...) == WAIT then return pump(co, raw_resume(co, raw_yield(WAIT))) end
  if ok and is_paused() then return pump(co, raw_resume(co, go_back(co, raw_yield()))) end
  return leave(ok, ...)
end

local function resume(co, ...)
  enter(co)
  return pump(co, raw_resume(co, ...))
end

local function unwrap(ok, ...)
  if ok then return ... end
  error((...), 0)
end

local coroutine = globals.coroutine
coroutine.create, coroutine.status, coroutine.resume = create, raw.status, resume
coroutine.yield, coroutine.running, coroutine.isyieldable = native.yield, native.running, native.isyieldable
function coroutine.wrap(f)
  local co = create(f)
  return function(...) return unwrap(resume(co, ...)) end
end
)lua";

}  // namespace cw::lua
