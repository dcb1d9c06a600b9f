--- Takes off the card what demo/install put there: applets, load file, security domain. What is not there is no error,
--- so a torn run is simply run again.
---
---   $ cardwright run demo/remove --card sim --card-state card.json --set cap=tests/caps/wallet-1.0.cap
---   ok   applets
---   ok   load file
---   ok   domain
---
---   registry
---   AID               kind  state     version  domain            privileges
---   A000000151000000  isd   OP_READY           A000000151000000  9EFE80
---   A00000015141434C  elf   LOADED    255.255  A000000151000000
---   A0000001515350    elf   LOADED    255.255  A000000151000000
---
---   done: 3 steps done, 0 skipped, 37 commands, 14 ms
local cards = require "cw.registry"
local gp = require "cw.gp"
local sd = require "cw.sd"

--- AIDs of the applications that come from a load file: as the registry says, and for cards that do not say where an
--- application comes from, those that have the AIDs of its applets.
local function applications_of(registry, cap)
  local known = {}
  for _, module in ipairs(cap.applets) do known[module] = true end
  local aids = {}
  for _, entry in ipairs(cards.list(registry)) do
    local ours = entry.elf == cap.package_aid or (entry.elf == nil and known[entry.aid])
    if entry.kind == "app" and ours then aids[#aids + 1] = entry.aid end
  end
  return aids
end

--- True if the domain has applications or load files.
local function in_use(registry, domain)
  for _, entry in ipairs(cards.list(registry)) do
    if entry.sd == domain and entry.aid ~= domain then return true end
  end
  return false
end

return {
  name = "demo/remove",
  summary = "Delete an applet, its load file and its security domain",

  args = {
    cap = { type = "cap", help = "CAP file whose applets and load file go" },
    domain = { type = "aid", help = "AID of the security domain; default: the flavor's", optional = true },
    keep_domain = { type = "boolean", help = "leave the security domain", default = false },
    isd_keys = { type = "key", help = "keys of the issuer security domain", default = "isd" },
  },
  needs = { keys = { "$isd_keys" } },

  run = function(run)
    local cap = run.args.cap
    local domain = run.args.domain or run.flavor.ssd_aid
    local isd = gp.open(run.card, { keys = run.args.isd_keys, flavor = run.flavor })

    run:step("applets", {
      done = function() return #applications_of(isd:registry(), cap) == 0 end,
      run = function()
        for _, aid in ipairs(applications_of(isd:registry(), cap)) do isd:delete(aid) end
      end,
    })

    run:step("load file", {
      done = function() return isd:entry(cap.package_aid) == nil end,
      run = function() isd:delete(cap.package_aid) end,
    })

    if not run.args.keep_domain then
      run:step("domain", {
        done = function()
          local registry = isd:registry()
          return registry[domain] == nil or in_use(registry, domain)
        end,
        run = function() sd.delete(isd, domain) end,
      })
      if isd:entry(domain) then run:print("the domain stays: it has other applications or load files") end
    end

    run:table("registry", cards.columns, cards.rows(isd:registry()))
  end,
}
