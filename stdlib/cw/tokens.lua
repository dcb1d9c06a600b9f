--- Who makes the tokens of delegated management (GPCS C.4): custody, which holds the issuer's token key, or the
--- issuer's SEI-TSM, which is asked for each. Either way a token is made over the command it goes with.
---
---   local token = tokens.of { issuer = issuer, se_id = se_id }
---   ssd:load(cap, { token = token, receipt = "issuer.receipt" })
local keys = require "keys"
local errors = require "cw.errors"
local install = require "cw.install"

---@class cw.tokens
local tokens = {}

---@class TokenSource
---@field key? string name of the token key in custody
---@field issuer? Issuer sei.issuer: it is asked
---@field se_id? string with issuer: sei.se_id, taken before any channel is open

--- What `token` of a command may be. nil where neither is named: authorized management needs no token.
---@param source TokenSource
---@return Data|fun(command: Command): string|nil
function tokens.of(source)
  errors.check_options("tokens.of", source, { key = true, issuer = true, se_id = true })
  if source.key and source.issuer then
    errors.raise("usage", "tokens.of: a token is made by custody or by the issuer: name 'key' or 'issuer'")
  end
  if source.key then return keys.token(source.key) end
  if not source.issuer then return nil end
  if not source.se_id then errors.raise("usage", "tokens.of: 'se_id' is missing; sei.se_id(card) tells it") end
  return function(command) return source.issuer:tokens(source.se_id, { install.token_input(command) })[1] end
end

return tokens
