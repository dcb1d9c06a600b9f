--- Expectations that are not met raise, and say so.
local fault = require "cw.fault"
local hex = require "hex"

return {
  summary = "Each expectation fails where it should",
  tags = { "expectations" },
  needs = { keys = { "isd", "demo.sd" }, card = { "simulated" } },

  run = function(t)
    local function fails(part, body) t:raises({ kind = "script", message = part }, body) end
    fails("value differs", function() t:equal(1, 2) end)
    fails("value.a.b differs", function() t:equal({ a = { b = 1 } }, { a = { b = 2 } }) end)
    fails("it holds", function() t:expect(false, "it holds") end)
    fails("SELECT", function() t:send(hex"00A4040005F000000000") end)
    fails("no error was raised", function() t:raises({}, function() end) end)
    fails("another kind", function() t:raises({ kind = "reader" }, function() t:send(hex"00A4", 0x9000) end) end)
    fails("is missing", function() t:registry { [hex"F000000000"] = { kind = "app" } } end)
    fails("is there", function() t:registry { [t.flavor.isd_aid] = false } end)
    fails("key version 7F", function() t:keys("", { [0x7F] = 3 }) end)
    fails("does not open", function() t:opens("", "demo.sd", 0x7E) end)
    fails("data object 9F7F", function() t:stored("", 0x9F7F, "no CPLC") end)
    local done = t:run("demo/inventory")
    fails("command 1 of flow", function() t:commands(done, {}) end)
    fails("lacks a line", function() t:audit(done, { "DELETE 9000" }) end)
    fails("step 'domain'", function() t:step(done, "domain", "end") end)
    fails("flow demo/inventory did not fail", function() t:fails("demo/inventory") end)
    fails("flow demo/lock failed", function() t:run("demo/lock", { aid = hex"F000000000" }) end)
    fails("changed", function()
      t:unchanged(function() t.card:open_channel { keys = "isd" }:send("\x80\xE2\x90\0\8\x42\6" .. "IIN.01") end)
    end)

    -- Mistakes in the scenario itself.
    t:raises({ message = "there is no fault.tare_before" }, function() t:fault(fault.tare_before(1)) end)
    t:raises({ kind = "usage", message = "there is no fault 'tare before'; did you mean 'tear before'?" }, function()
      t:fault { kind = "tare before" }
    end)
    t:raises({ kind = "usage", message = "did you mean 'LOAD'?" }, function() t:fault(fault.drop "LAOD") end)
    t:raises({ kind = "usage", message = "no flow 'demo/instal'" }, function() t:run "demo/instal" end)
    t:raises({ kind = "usage" }, function() t:run("demo/lock", { aidd = hex"F000000000" }) end)
  end,
}
