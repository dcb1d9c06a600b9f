--- What the policy denies is not sent.
local args = { cap = { file = "../caps/wallet-1.0.cap" } }

return {
  summary = "A policy that denies DELETE ends demo/remove before the card sees one",
  tags = { "policy" },
  needs = { keys = { "isd" }, card = { "content management", "simulated" } },
  policy = "_parts/no-delete.lua",
  given = { flows = {
    { "demo/install", { cap = args.cap, holder = { secret = "Ada Lovelace" } } },
  } },

  run = function(t)
    t:unchanged(function()
      local denied = t:fails("demo/remove", args, { kind = "policy", message = "nothing is deleted" })
      for _, command in ipairs(denied.commands) do t:expect(command.name ~= "DELETE", "no DELETE was sent") end
    end)
  end,
}
