---@meta
error("stub for editors; the module is native")

--- Stored keys by name. No function turns a key into bytes.
---@class keyslib
local keys = {}

---@class KeyInfo
---@field name string
---@field type "aes"|"des"
---@field size integer bytes per key
---@field version integer key version number
---@field kcvs string[] check values of ENC, MAC, DEK, 3 bytes each; empty for a master key that is diversified per card

--- What may be known of a key set. Raises policy: not in the flow's `needs.keys`; usage: no such set.
---@param name string
---@return KeyInfo
function keys.info(name) end

--- PUT KEY data for the set's three keys (GPCS 11.8.2.3): new version, then for each key type, value under the
--- channel's data encryption key, check value.
---@param name string
---@param version integer 1..127 key version number they get
---@return Data
function keys.put_key_data(name, version) end

--- The answer to PUT KEY that shows success: version and the three check values.
---@param name string
---@param version integer
---@return string
function keys.put_key_answer(name, version) end

--- The secret under the channel's data encryption key (GPCS 11.11, encrypted STORE DATA): whole blocks as they are,
--- else padded with 80 00.. to a multiple of 16 bytes, or of 8 where the protocol is SCP01 or SCP02.
---@param secret Secret
---@param scp? integer 1, 2 or 3 of the channel it travels in; default 3
---@return Data
function keys.under_dek(secret, scp) end

return keys

--- A `secret` argument of the run: a name and a length. Concatenates into Data; has no bytes here.
---@class Secret
---@operator concat(string|Data|Secret): Data
---@operator len: integer
