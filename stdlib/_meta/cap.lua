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
---@return Data[]
function Cap:blocks(size) end

--- A CAP from bytes. Raises cap.
---@param bytes string
---@param name? string
---@return Cap
function cap.parse(bytes, name) end

return cap
