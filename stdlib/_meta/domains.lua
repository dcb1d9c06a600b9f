---@meta
error("stub for editors; the module is native")

--- What is kept of the card's security domains between two runs: in the store that keeps the run, else until the run
--- ends. The card's registry is the truth; this is what we knew when we left it, and what an issuer told us since.
---@class domainslib
local domains = {}

---@class DomainRecord
---@field aid string 5..16 bytes
---@field state "asked"|"present"|"locked"|"deleted"|"reset"|"moved" asked: it is not known yet whether it is there;
---  reset: gone with all in it; moved: extradited, and no longer ours
---@field se_id? string as an SEI-TSM knows the chip, hex digits: sei.se_id
---@field issuer? string URL of the SEI-TSM that made it; absent: it was made through the ISD
---@field management? "none"|"delegated"|"authorized"
---@field keys? string key set that opens it
---@field version? integer key version number of those; 0: the set's own
---@field told? string what its issuer said of it last; cannot be put

--- The owner's domains on this card, by AID.
---@return DomainRecord[]
function domains.list() end

--- Keeps what the run saw or left of a domain: durable when it returns. What is left out, and was known, stays known.
--- Of a card with neither CPLC nor CIN nothing is kept. Raises usage: the domain is another owner's; policy: as
--- expect; store.
---@param domain DomainRecord
function domains.put(domain) end

--- Says what the run is about to make of a domain, before anything is sent for it; nothing is kept. Raises usage: it is
--- another owner's; policy: nothing of whose it is is managed, or it is to be deleted, is another owner's, and the flow
--- does not ask for consent to that (needs.consent); store.
---@param domain {aid: string, state: "asked"|"present"|"locked"|"deleted"|"reset"|"moved"}
function domains.expect(domain) end

return domains
