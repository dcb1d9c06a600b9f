--- Six steps of two commands each, with a wait in the middle: time enough to kill the process, or to ask it to stop.
local clock = require "clock"

return {
  name = "steps",
  summary = "Six slow steps",
  run = function(run)
    for i = 1, 6 do
      local done = false
      run:step("step " .. i, {
        done = function() return done end,
        run = function()
          run:print("in step %d", i)
          run.card:select("")
          clock.sleep(0.4)
          run.card:select("")
          done = true
        end,
      })
    end
  end,
}
