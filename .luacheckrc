-- luacheck: what the sandbox has, and nothing else.
std = "none"
read_globals = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "require",
  "select", "setmetatable", "tonumber", "tostring", "type", "unpack",
  bit = { fields = { "arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift", "tobit",
                     "tohex" } },
  coroutine = { fields = { "create", "resume", "running", "status", "wrap", "yield" } },
  math = { fields = { "abs", "ceil", "floor", "fmod", "huge", "max", "min", "modf", "pi", "sqrt" } },
  string = { fields = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse",
                        "sub", "upper" } },
  table = { fields = { "concat", "insert", "maxn", "remove", "sort" } },
}
max_line_length = 120

-- Methods are called with ":" whether they look at self or not.
self = false

-- Stubs for editors: declarations that nobody calls.
files["stdlib/_meta"] = { unused_args = false, ignore = { "241", "511", "512" } }
