---@meta
error("stub for editors; the module is native")

--- Stored keys by name. No function turns a key into bytes.
---@class keyslib
local keys = {}

---@class KeyInfo
---@field name string
---@field type "aes"|"des"|"rsa"|"ec"|"sm2" of a key set aes or des
---@field size integer bytes per key; of a single key that signs, of each signature
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

--- A token of delegated management (GPCS C.4): custody makes it, with this key, over the command that it ends; script
--- and journal see its name. It stands where an INSTALL has its token, length included, or behind tag 9E of a
--- DELETE; nothing follows it. Of commands with secret arguments no token is made.
---@param name string key that signs, named in the flow's needs.keys too
---@param first? Command of a combined load the first INSTALL, where the token is for the last (C.4.7)
---@return Data
function keys.token(name, first) end

--- PUT KEY data for a single key that a card checks signatures with (RSA, ECC: its public half), or makes MACs with:
--- the new version, then the key with its check value.
---@param name string key that signs
---@param version integer 1..127 key version number it gets
---@return Data
function keys.put_signing_key_data(name, version) end

--- The message signed by a stored key that is for messages between parties (purpose `message` of a sealed key file).
--- Raises policy: not in the flow's needs.keys; usage: no such key, or one for something else.
---@param name string
---@param message string
---@return string signature
function keys.sign(name, message) end

--- Whether a signature is by this key over the message: for receipts. Raises policy: not in the flow's needs.keys;
--- usage: no such key.
---@param name string key that signs or verifies
---@param message string
---@param signature string
---@return boolean
function keys.verifies(name, message, signature) end

---@class WrappedKeys
---@field name? string what they are called; default "card"
---@field under string the KEK: in the flow's needs.keys, and in `keks` of the backend in the policy's allow.backends
---@field wrap? "aes-key-wrap"|"aes-cbc"|"des-ecb" RFC 3394, AES-CBC or 3DES-ECB with a zero IV; default "aes-key-wrap"
---@field type? "aes"|"des" of the keys; default "aes"
---@field version integer key version number that they have on the card; 0: whatever the card takes
---@field from string the backend, as the flow declared it: its last answer has the wrapped keys in hex digits
---@field keys string[] ENC, MAC, DEK, wrapped: 16..40 bytes each
---@field kcvs string[] their check values, 3 bytes each

--- Has custody unwrap a key set that a backend sent. It opens secure channels under the name that comes back
--- ("run:card"), is gone when the attempt ends, and is put onto no card. Raises policy: KEK or backend is not declared,
--- the policy does not let that backend give keys under it, or it did not send these; usage: no such KEK, they were
--- wrapped under another, a length that cannot be, another check value. Then nothing is kept.
---@param wrapped WrappedKeys
---@return KeyInfo
function keys.unwrap(wrapped) end

return keys

--- A `secret` argument of the run: a name and a length. Concatenates into Data; has no bytes here.
---@class Secret
---@operator concat(string|Data|Secret): Data
---@operator len: integer
