--- Personalization: data groupings cut into STORE DATA blocks (GPCS 11.11; EMV CPS for DGIs).
---
---   perso.store(ssd, { aid = applet, dgis = { { 0x0101, run.args.holder }, { 0x0102, "4711" } } })
---
--- Secrets stay handles: their bytes come in below the script, and only inside a channel that encrypts.
local apdu = require "apdu"
local keys = require "keys"
local tlv = require "tlv"
local errors = require "cw.errors"
local gp = require "cw.gp"
local install = require "cw.install"

---@class cw.perso
local perso = {}

-- P1 of STORE DATA (GPCS 11.11.2).
local LAST_BLOCK, ENCRYPTED = 0x80, 0x60
local structures = { none = 0x00, dgi = 0x08, tlv = 0x10 }

--- Packs items into blocks of at most `size` bytes. An item stays whole in one block if it fits into one, since many
--- applets parse each block by itself; a longer one goes on in the next block. Raises usage for an item too long that
--- has secrets in it: nobody up here can cut one.
---@param items (string|Data)[]
---@param size integer
---@return (string|Data)[] at least one block
function perso.blocks(items, size)
  local blocks = {}
  local current, used = "", 0
  local function close()
    if used > 0 then blocks[#blocks + 1] = current end
    current, used = "", 0
  end
  for _, item in ipairs(items) do
    if used + #item > size then close() end
    while #item > size do
      if type(item) ~= "string" then
        errors.raise("usage", ("personalization data with a secret in it is %d bytes, and a block of this channel "
          .. "takes %d; use shorter secrets"):format(#item, size))
      end
      blocks[#blocks + 1] = item:sub(1, size)
      item = item:sub(size + 1)
    end
    current, used = current .. item, used + #item
  end
  close()
  if #blocks == 0 then blocks[1] = "" end
  return blocks
end

---@class StoreOptions
---@field structure? "dgi"|"tlv"|"none" what the data is; P1 says so (some cards refuse "none"); default "dgi"
---@field encrypted? boolean the values are under the data encryption key (P1 60); see perso.encrypted
---@field more? boolean the last block is not the last of the personalization

--- The STORE DATA commands for blocks: P1 says structure and last, P2 counts.
---@param blocks (string|Data)[]
---@param options? StoreOptions
---@return Command[]
function perso.commands(blocks, options)
  options = options or {}
  if #blocks > 256 then errors.raise("usage", "personalization data needs over 256 STORE DATA blocks") end
  local structure = structures[options.structure or "dgi"]
  if not structure then errors.raise("usage", "there is no STORE DATA structure '" .. options.structure .. "'") end
  local p1 = bit.bor(structure, options.encrypted and ENCRYPTED or 0)
  local plan = {}
  for i, block in ipairs(blocks) do
    local last = i == #blocks and not options.more
    plan[i] = apdu.command {
      cla = 0x80, ins = 0xE2, p1 = bit.bor(p1, last and LAST_BLOCK or 0), p2 = i - 1, data = block,
    }
  end
  return plan
end

--- A value under the channel's data encryption key, as CPS wants it for DGIs 8000 and up: { 0x8201,
--- perso.encrypted(ssd, pin) }, with option encrypted = true.
---@param domain SecurityDomain in whose channel it will travel
---@param secret Secret
---@return Data
function perso.encrypted(domain, secret)
  return keys.under_dek(secret, domain:connect().scp)
end

local function groupings(dgis)
  local items = {}
  for i, grouping in ipairs(dgis) do items[i] = tlv.dgi(grouping[1], grouping[2]) end
  return items
end

local store_options = {
  aid = true, dgis = true, items = true, structure = true, encrypted = true, more = true,
}

---@class PersoOptions : StoreOptions
---@field aid string the application
---@field dgis? {[1]: integer, [2]: string|Data|Secret}[] name and value, in the order they are sent
---@field items? (string|Data)[] in place of dgis: data as it is

--- Personalizes an application: through its security domain with INSTALL [for personalization], or where the flavor
--- refuses that, by STORE DATA to the application in a secure channel of its own, which it has from the same domain.
--- All in one batch. Raises card: 6985, 6A80, 6A88.
---@param domain SecurityDomain that the application belongs to
---@param options PersoOptions
function perso.store(domain, options)
  errors.check_options("perso.store", options, store_options)
  local through = domain
  if not domain.flavor.install_for_personalization then
    through = gp.open(domain.card, {
      aid = options.aid, keys = domain.keys, flavor = domain.flavor, level = domain.level, version = domain.version,
    })
  end
  local items = options.items or groupings(options.dgis or {})
  local plan = perso.commands(perso.blocks(items, through:connect().max_data), {
    structure = options.structure, encrypted = options.encrypted, more = options.more,
  })
  if through == domain then table.insert(plan, 1, install.for_personalization(options.aid)) end
  through:expect_all(plan, "personalization")
end

return perso
