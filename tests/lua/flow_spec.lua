--- What steps do, and in which order.
local check = require "cw.check"
local flow = require "cw.flow"

-- Runs a flow of one step; returns what happened, in order.
local function run_step(is_done, works)
  local happened = {}
  flow.start({
    run = function(run)
      run:step("one", {
        done = function()
          happened[#happened + 1] = "done?"
          return is_done
        end,
        run = function()
          happened[#happened + 1] = "run"
          is_done = works
        end,
      })
    end,
  }, { args = {}, flavor = {}, name = "spec" })
  return happened
end

return {
  ["a step that is done is not run"] = function() check.equal(run_step(true, true), { "done?" }) end,

  ["a step that is not done is run, and looked at again"] = function()
    check.equal(run_step(false, true), { "done?", "run", "done?" })
  end,

  ["a step that has no effect is an error that names it"] = function()
    check.raises("step 'one' ran without an error", function() run_step(false, false) end)
  end,

  ["a step needs both functions"] = function()
    check.raises("done and run must both be functions", function()
      flow.start({ run = function(run) run:step("x", { run = function() end }) end }, {})
    end)
  end,

  ["a mistyped field of a step"] = function()
    check.raises("unknown field 'doen'", function()
      flow.start({ run = function(run) run:step("x", { doen = function() end, run = function() end }) end }, {})
    end)
  end,

  ["the flow gets what the engine gives"] = function()
    flow.start({
      run = function(run)
        check.equal(run.name, "demo/x")
        check.equal(run.args.a, 1)
      end,
    }, { name = "demo/x", args = { a = 1 }, flavor = {} })
  end,
}
