---@meta
error("stub for editors; the module is native")

--- BER-TLV (ISO 7816-4 5.2.2), length-value fields and DGIs.
---@class tlvlib
local tlv = {}

---@class TlvNode
---@field tag integer
---@field value string the bytes, also of a constructed object
---@field children TlvNode[]|nil of a constructed object whose inside is TLV

--- Tag, length, value. With a secret or Data as value the result is Data, else a string.
---@param tag integer 0x01..0xFFFFFF
---@param value string|Data|Secret
---@return string|Data
function tlv.build(tag, value) end

--- The objects in `bytes`, one after the other. Forgiving: a constructed object whose inside is not TLV has no
--- children. Raises card: cut short, length of lengths over 3.
---@param bytes string
---@return TlvNode[]
function tlv.parse(bytes) end

--- Value of the first object at `path` ("6F/A5/9F65"), or nil.
---@param bytes string
---@param path string
---@return string|nil
function tlv.find(bytes, path) end

--- Length and value, GlobalPlatform's LV fields: one length byte up to 127, BER beyond (GPCS 11.1.5.2).
---@param value string|Data|Secret
---@return string|Data
function tlv.lv(value) end

--- A data grouping (EMV CPS): two bytes of name, length (1 byte, or FF and 2), value.
---@param name integer 0..0xFFFF
---@param value string|Data|Secret
---@return string|Data
function tlv.dgi(name, value) end

return tlv
