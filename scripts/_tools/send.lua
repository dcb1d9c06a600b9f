--- What `cardwright send` does: the commands given, in order, each whatever the answer to the one before.
local apdu = require "apdu"
local hex = require "hex"

return {
  name = "_tools/send",
  summary = "Send commands as they are",
  args = {
    commands = { type = "string", help = "hexadecimal, one command per line" },
  },

  run = function(run)
    for command in run.args.commands:gmatch("%x+") do
      run.card:send(apdu.parse(hex.decode(command)))
    end
  end,
}
