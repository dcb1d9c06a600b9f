---@meta
error("stub for editors; the module is native")

--- What a scenario asks of the stage it plays on. cw.scenario has words for all of it; flows have no stage.
---@class stagelib
local stage = {}

--- Raises usage: no stage (this is a flow), an unknown verb, arguments that it does not take; and what comes of it.
---@param verb string at most 64 bytes
---@param arguments any what json.encode takes; bytes in hex
---@return any result as json.decode gives it
function stage.ask(verb, arguments) end

return stage
