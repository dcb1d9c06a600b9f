--- Commands are sent and answers expected, below any library.
local hex = require "hex"

return {
  summary = "An empty SELECT finds the ISD, and what is not there is said so",
  tags = { "commands" },
  flavors = { "*" },

  run = function(t)
    local fci = t:send(hex"00A4040000")
    t:expect(fci:find(t.flavor.isd_aid, 1, true), "the FCI names the ISD")
    t:send(hex"00A4040005F000000000", 0x6A82)
    t:raises({ kind = "card", sw = 0x6A82 }, function() t.card:select(hex"F000000000") end)
  end,
}
