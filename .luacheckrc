-- Lua of the project runs in the sandbox: LuaJIT without io, os, package, debug, jit and ffi, and with no globals of its
-- own.
std = "min"
read_globals = { "bit", "table", "string", "coroutine", "math" }
max_line_length = 120
unused_args = true

-- Stubs for editors end before they begin, and their arguments are for the reader.
files["stdlib/_meta"] = { ignore = { "511", "212", "221", "241" } }
