---@meta
error("stub for editors; the module is native")

--- Commands for the card, in canonical form. A command is a value: header, data, Le. Data may hold names (secrets,
--- keys, blocks of a file) whose bytes come in below the script.
---@class apdulib
local apdu = {}

--- Bytes with names among them. Made by `..`: string .. secret, Data .. string; `#data` is the number of bytes that
--- travel (raises usage if a key is in it). `tostring` shows names, never what they stand for.
---@class Data
---@operator concat(string|Data|Secret): Data
---@operator len: integer

---@class Command
---@field cla integer
---@field ins integer
---@field p1 integer
---@field p2 integer
---@field data string|Data plain data as bytes, data with names as Data
---@field le integer|nil

---@class CommandFields
---@field cla? integer default 0x80
---@field ins integer
---@field p1? integer default 0
---@field p2? integer default 0
---@field data? string|Data|Secret
---@field le? integer 1..65536; 256 is short Le 00

--- A command from its fields. Raises usage: unknown field, number out of range, data over 65535 bytes.
---@param fields CommandFields
---@return Command
function apdu.command(fields) end

--- A command from its bytes (ISO 7816-4, short or extended). Raises usage.
---@param bytes string
---@return Command
function apdu.parse(bytes) end

--- One line for people: "INSTALL [for load] F0636172647703 ...".
---@param command Command
---@return string
function apdu.describe(command) end

--- What a status word says in answer to `command`: "6A88 referenced data not found (the AID is not in the registry)".
---@param sw integer
---@param command Command
---@return string
function apdu.meaning(sw, command) end

--- What the token of an INSTALL or DELETE signs (GPCS C.4): P1, P2, length, and the data field up to the token, whether
--- one is there or not. Raises usage: another command, cut fields, names among what is signed.
---@param command Command
---@param first? Command of a combined load the first INSTALL, where `command` is the last
---@return string
function apdu.token_input(command, first) end

--- Joins bytes, secrets and data into one Data.
---@param ... string|Data|Secret
---@return Data
function apdu.data(...) end

return apdu
