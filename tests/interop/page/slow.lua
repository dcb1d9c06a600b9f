--- Many steps of a quarter of a second: time enough to look at a run that is under way, and to stop it.
local clock = require "clock"

return {
  name = "slow",
  summary = "A slow flow",
  run = function(run)
    for i = 1, 400 do
      local done = false
      run:step("step " .. i, {
        done = function() return done end,
        run = function()
          run.card:select("")
          clock.sleep(0.25)
          done = true
        end,
      })
    end
  end,
}
