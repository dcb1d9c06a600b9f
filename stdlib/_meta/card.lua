---@meta
error("stub for editors; the module is native")

--- The secure element of a run: `run.card`. Commands travel plain; secure channels are opened here.
---@class Card
---@field atr string answer to reset; empty for a card far away
---@field reader string name of the reader
---@field changes integer grows with everything after which the card may be another than it was: commands that do more
---  than read, a reset, a wait. What was read before is still true while it stays the same
local Card = {}

---@class Answer
---@field data string
---@field sw integer status word, 0x9000 when all is well

--- Sends a command; returns the answer whatever its status word. Its class names the logical channel it travels on
--- (ISO 7816-4 5.4.1). Raises reader: card removed, no answer; policy: the gate said no (nothing was sent).
---@param command Command|string
---@return Answer
function Card:send(command) end

--- As send, but raises card unless the status word is 9000: what failed, what the status word means for that command.
---@param command Command|string
---@return string data
function Card:expect(command) end

--- Sends the commands in order as one batch; stops at the first status word that is an error (not 9000, 61xx, 62xx,
--- 63xx). Returns the answers up to and including it. An empty plan sends nothing. At most 4096 commands.
---@param plan (Command|string)[]
---@return Answer[]
function Card:send_all(plan) end

--- Sends each of the commands, whatever the card answers to those before: one exchange with a remote device for all
--- that a flow wants to see. Raises usage for a command that does more than read. At most 4096 commands.
---@param plan (Command|string)[] SELECT, GET DATA, GET STATUS, READ BINARY, READ RECORD, GET RESPONSE
---@return Answer[] one for each
function Card:send_each(plan) end

--- Sends what a backend answered with last, as it is: commands that an SEI-TSM wrapped, the handshake of its channel
--- among them. As send_all otherwise. Of what is wrapped the policy sees the header alone, and lets it through where
--- allow.backends names the instruction in `opaque`; INITIALIZE UPDATE is charged to the attempt budget. Ends the
--- secure channels of ours on that logical channel. Raises policy: not in the backend's last answer, not declared in
--- needs.backends, not allowed; budget.
---@param backend string as in needs.backends
---@param plan (Command|string)[]
---@return Answer[]
function Card:relay(backend, plan) end

--- SELECT by name; returns the FCI. Raises card (6A82: no such application) unless 9000.
---@param aid string 0..16 bytes; empty selects the issuer security domain
---@return string fci
function Card:select(aid) end

--- Powers the card down and up; every channel is closed. Returns the ATR. A card far away cannot be told to: its
--- default application is selected instead, which closes the channel too.
---@return string
function Card:reset() end

---@class ChannelFields
---@field keys string name of a key set in `needs.keys`
---@field or_keys? string another key set that the card may have instead, under the same version: its answer to the one
---  INITIALIZE UPDATE tells which it is, so the wrong one costs no attempt; `keys` of the channel says it
---@field level? "none"|"mac"|"mac+enc"|"mac+rmac"|"mac+enc+rmac"|"mac+enc+rmac+renc" default "mac+enc"
---@field version? integer key version number; default that of the key set
---@field scp? integer 1, 2 or 3: refuse another protocol
---@field i? integer options of the protocol, where the card does not say them (SCP01, SCP02): 0x15, 0x55, 0x75 ...
---@field logical_channel? integer 0..19 that the domain is selected on; default 0
---@field aid? string AID of the selected security domain, for pseudo-random challenges
---@field s16? boolean 16-byte host challenge
---@field before? Ahead[] goes to the card ahead of INITIALIZE UPDATE, with a remote device in the same exchange; the
---  last is the SELECT of the domain. No channel is opened where one of them stops; a SELECT stops with anything but
---  9000

---@class Ahead
---@field on Card|Channel
---@field plan (Command|string)[]
---@field each? boolean as Card:send_each: it only reads, and does not stop

--- Opens a secure channel to the selected security domain: INITIALIZE UPDATE, check of the card cryptogram, EXTERNAL
--- AUTHENTICATE. Raises channel: wrong keys (nothing more was sent); card; budget: no authentication attempt left;
--- usage: `keys` and `or_keys` are the same keys on this card. With a remote device, EXTERNAL AUTHENTICATE travels
--- ahead of the first command in the channel, and that command raises where the card refuses it.
---@param fields ChannelFields
---@return Channel|nil channel nil: one of the plans in `before` stopped
---@return Answer[][] answers where there is `before`: those of each plan
function Card:open_channel(fields) end

--- A secure channel (SCP). Closed by `close`, by Card:reset, by a SELECT on its logical channel, by opening another one
--- there, or by the run's end; then its functions raise channel and say which it was.
---@class Channel
---@field keys string name of the key set that opened it
---@field scp integer 1, 2, 3
---@field i integer options of the protocol
---@field level string as in ChannelFields
---@field key_version integer that the card answered with
---@field diversification_data string 10 bytes
---@field sequence_counter string 0, 2 or 3 bytes
---@field max_data integer plain data bytes in one short command
local Channel = {}

--- As Card:send, in the channel.
---@param command Command|string
---@return Answer
function Channel:send(command) end

--- As Card:expect, in the channel.
---@param command Command|string
---@return string data
function Channel:expect(command) end

--- As Card:send_all, in the channel: one exchange with a remote device, since the MAC chain does not depend on answers.
---@param plan (Command|string)[]
---@return Answer[]
function Channel:send_all(plan) end

--- As Card:send_each, in the channel.
---@param plan (Command|string)[]
---@return Answer[]
function Channel:send_each(plan) end

--- Ends the channel on this side; closing it again does nothing. The card keeps its own until the next SELECT or reset.
function Channel:close() end
