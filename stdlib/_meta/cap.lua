---@meta
error("stub for editors; the module is native")

--- CAP files (Java Card VM specification chapter 6). Arguments of type "cap" arrive as Cap.
---@class caplib
local cap = {}

---@class Cap
---@field name string file name
---@field package_aid string
---@field version string "1.0"
---@field applets string[] class AIDs
---@field imports {aid: string, version: string}[]
---@field extended boolean Java Card 3.1 extended format
---@field size integer bytes of the load file data block, without C4 and length
local Cap = {}

--- Hash of the load file data block, for INSTALL [for load] and registries.
---@param algorithm "sha1"|"sha256"|"sha384"|"sha512"
---@return string
function Cap:hash(algorithm) end

--- The load file (C4, length, data block) cut into LOAD data of at most `size` bytes.
---@param size integer 1..65535
---@param ahead? string|Data what comes before it: DAP blocks
---@return Data[]
function Cap:blocks(size, ahead) end

--- The DAP block E2 of one security domain: its AID, and a signature that custody makes over the hash of the load file
--- data block. Raises policy: the key is not in the flow's needs.keys; usage: no such key, an AID of another length.
---@param key string key that signs
---@param domain string AID of the domain that is to check it
---@param algorithm "sha1"|"sha256"|"sha384"|"sha512" the same that INSTALL [for load] has
---@return Data
function Cap:dap(key, domain, algorithm) end

--- A CAP from bytes. Raises cap.
---@param bytes string
---@param name? string
---@return Cap
function cap.parse(bytes, name) end

return cap
