--- The builders of cw.policy: each returns plain data, and refuses what it cannot mean.
local check = require "cw.check"
local p = require "cw.policy"

return {
  ["a rule"] = function()
    check.equal(p.deny { on = "DELETE", when = p.aid.is("isd"), because = "the ISD stays" }, {
      verdict = "deny", on = { "DELETE" }, when = { op = "aid", test = "is", value = "isd" }, because = "the ISD stays",
    })
  end,

  ["a rule for everything"] = function()
    check.equal(p.allow {}, { verdict = "allow" })
  end,

  ["a refusal says why"] = function()
    check.raises("'because' is missing", function() p.deny { on = "DELETE" } end)
  end,

  ["a mistyped field of a rule"] = function()
    check.raises("unknown field 'wen'", function() p.deny { wen = p.secret(), because = "" } end)
  end,

  ["a condition that is no predicate"] = function()
    check.raises("must be a predicate", function() p.deny { when = "isd", because = "" } end)
  end,

  ["AIDs become capitals without spaces"] = function()
    check.equal(p.aid.under "f0 63 61", { op = "aid", test = "under", value = "F06361" })
    check.equal(p.aid.isnt "A000000151000000", { op = "aid", test = "isnt", value = "A000000151000000" })
  end,

  ["AIDs that are none"] = function()
    check.raises("is not an AID", function() p.aid.is "A000" end)
    check.raises("is not an AID", function() p.aid.is "wallet" end)
    check.raises("hex digits in a string", function() p.aid.is(42) end)
  end,

  ["privileges go by name"] = function()
    check.equal(p.privilege "card lock", { op = "privilege", byte = 1, mask = 0x10 })
    check.raises("no privilege 'cardlock'", function() p.privilege "cardlock" end)
  end,

  ["header bytes"] = function()
    check.equal(p.p1.is(0x80), { op = "p1", mask = 0xFF, value = 0x80 })
    check.equal(p.p2.has(0x80), { op = "p2", mask = 0x80, value = 0x80 })
    check.raises("expected a byte", function() p.ins.is(256) end)
  end,

  ["key versions, one or a range"] = function()
    check.equal(p.key_version(0x30), { op = "key_version", min = 0x30, max = 0x30 })
    check.equal(p.key_version(0x30, 0x3F), { op = "key_version", min = 0x30, max = 0x3F })
    check.raises("one or two key version numbers", function() p.key_version(5, 1) end)
  end,

  ["levels"] = function()
    check.equal(p.level "mac+enc", { op = "level", value = "mac+enc" })
    check.raises("no level 'high'", function() p.level "high" end)
  end,

  ["protocols, and the names of flows"] = function()
    check.equal(p.scp("02", "03"), { op = "scp", values = { 2, 3 } })
    check.raises("none of", function() p.scp "3" end)
    check.equal(p.flow("demo/*", "acme/x"), { op = "flow", patterns = { "demo/*", "acme/x" } })
  end,

  ["combinations"] = function()
    check.equal(p.all { p.secret(), p.none(p.level "mac+enc") }, {
      op = "all",
      of = { { op = "secret" }, { op = "none", of = { { op = "level", value = "mac+enc" } } } },
    })
    check.raises("at least one", function() p.any {} end)
  end,

  ["an example"] = function()
    local example = p.example { command = "80e40000 02 4f00", expect = "deny" }
    check.equal(example, { command = "80E40000024F00", expect = "deny" })
    check.raises("must be an APDU", function() p.example { command = "80", expect = "deny" } end)
    check.raises("\"allow\" or \"deny\"", function() p.example { command = "80E40000", expect = "maybe" } end)
  end,
}
