--- What the flows of a service provider share: its own security domain, which it opens with its own keys, and how that
--- domain manages its content (T/TAF 096-2021 7.1): by authorized management, or by delegated management, where each
--- command takes a token that custody or the issuer's SEI-TSM makes. The issuer's keys are not needed.
---
---   args = provider.arguments { cap = { type = "cap", help = "CAP file to load" } },
---   needs = provider.needs,
---   run = function(run)
---     local mine = provider.begin(run)
---     mine.ssd:load(run.args.cap, { sd = mine.aid, token = mine.token })
local keys = require "keys"
local errors = require "cw.errors"
local gp = require "cw.gp"
local preflight = require "cw.preflight"
local sei = require "cw.sei"
local tokens = require "cw.tokens"

---@class cw.provider
local provider = {}

-- Arguments of every flow of a provider.
local own = {
  domain = { type = "aid", help = "AID of the provider's domain; default: the flavor's", optional = true },
  sd_keys = { type = "key", help = "keys of the provider's domain", default = "demo.sd" },
}

-- And of those that change content.
local managing = {
  management = {
    type = "string", help = "how the domain manages its content", default = "authorized",
    values = { "authorized", "delegated" },
  },
  token_key = { type = "key", help = "delegated: the key that makes tokens", optional = true },
  receipt_key = { type = "key", help = "delegated: the key that checks the card's receipts", optional = true },
  issuer = { type = "string", help = "delegated: URL of the SEI-TSM that makes tokens, to a '/'", optional = true },
  tenant = { type = "string", help = "delegated: tenantId, who we are to the issuer", optional = true },
}

local function joined(...)
  local out = {}
  for _, part in ipairs { ... } do
    for name, value in pairs(part) do out[name] = value end
  end
  return out
end

--- A flow's arguments, and those of a provider's flow that looks.
---@param more table<string, FlowArgument>
---@return table<string, FlowArgument>
function provider.looking(more) return joined(own, more) end

--- A flow's arguments, and those of a provider's flow that changes content.
---@param more table<string, FlowArgument>
---@return table<string, FlowArgument>
function provider.arguments(more) return joined(own, managing, more) end

--- What such flows need.
provider.needs = { keys = { "$sd_keys", "$token_key", "$receipt_key", "$ara_keys" }, backends = { "$issuer" } }

---@class Provider
---@field aid string of its domain
---@field ssd SecurityDomain opened when it is used first
---@field found Preflight
---@field token? Data|fun(command: Command): string for each command, where content is managed by token
---@field by? Delegation the same with the receipt's key, for SecurityDomain:delete

--- Looks whether the domain can be worked in (cw.preflight), and gives what the flow works with. Raises card; usage:
--- what delegated management needs is not there.
---@param run Run
---@return Provider
function provider.begin(run)
  local args = run.args
  local aid = args.domain or run.flavor.ssd_aid
  local out = { aid = aid }
  if args.management == "delegated" then
    local issuer = args.issuer and sei.issuer { url = args.issuer, tenant = args.tenant }
    out.token = tokens.of { key = args.token_key, issuer = issuer, se_id = issuer and (sei.se_id(run.card)) }
    if not out.token then
      errors.raise("usage", "delegated management needs tokens: name token_key, or issuer and tenant")
    end
    out.by = { token = out.token, receipt = args.receipt_key }
  elseif args.token_key or args.issuer or args.receipt_key then
    errors.raise("usage", "authorized management takes no tokens; name management=delegated, or leave out token_key, "
      .. "receipt_key and issuer")
  end
  out.found = preflight.check(run.card, { domain = aid })
  out.ssd = gp.domain(run.card, {
    aid = aid, keys = args.sd_keys, version = keys.info(args.sd_keys).version, flavor = run.flavor,
  })
  return out
end

return provider
