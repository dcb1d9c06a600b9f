--- What an issuer's production line may look like: a list of what is allowed, and nothing else.
---
--- Copy it, put in your own AIDs and flows, and let the examples say what you expect of it.
local p = require "cw.policy"

local ours = p.aid.under "F063617264"

return {
  name = "production",
  api = 1,
  summary = "our applets in our domain, SCP03 with encryption, keys in the range that is ours",

  allow = {
    flows = { "demo/*", "acme/*", "_tools/card-identity" },
    channel = { scp = { "03" }, level = "mac+enc" },
  },

  limits = { awake_s = 60, expires_s = 24 * 3600, commands = 1000, attempts = 3, auth_attempts = 1 },

  rules = {
    -- What nobody may do, first: the first rule that applies decides.
    p.deny { on = "DELETE", when = p.aid.is("isd"), because = "the ISD stays" },
    p.deny { on = "SET STATUS", when = p.p1.has(0x80), because = "the card's own life cycle is not for flows" },
    p.deny { on = "INSTALL",
             when = p.any { p.privilege "card lock", p.privilege "card terminate", p.privilege "card reset" },
             because = "no applet of ours needs a right over the whole card" },

    -- Looking is free.
    p.allow { on = { "SELECT", "GET DATA", "GET STATUS" } },

    -- Card content: ours alone. LOAD goes on with what an INSTALL [for load] began.
    p.allow { on = { "INSTALL", "DELETE", "SET STATUS" }, when = ours },
    p.allow { on = { "LOAD", "STORE DATA" }, when = p.level "mac+enc" },

    -- SCP03 keys have versions 30 to 3F (GP UICC Configuration); others are not ours to touch.
    p.allow { on = { "PUT KEY", "DELETE" }, when = p.all { p.level "mac+enc", p.key_version(0x30, 0x3F) } },
  },
  otherwise = "deny",

  examples = {
    p.example { command = "80F28002 02 4F00", expect = "allow" },
    p.example { command = "80E40000 09 4F07F0636172647701", expect = "allow" },
    p.example { command = "80E40000 09 4F07A0000000031010", expect = "deny" },
    p.example { command = "80E40000 03 D20131", expect = "allow" },
    p.example { command = "80E40000 03 D20101", expect = "deny" },
    p.example { command = "80E40000 0A 4F08A000000151000000", expect = "deny" },
    p.example { command = "80F0807F", expect = "deny" },
    p.example { command = "80E29000 03 450101", level = "mac", expect = "deny" },
  },
}
