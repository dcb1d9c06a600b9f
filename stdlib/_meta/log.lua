---@meta
error("stub for editors; the module is native")

--- Lines and results for those who follow the run.
---@class loglib
local log = {}

---@param message string at most 4096 bytes
function log.debug(message) end
---@param message string
function log.info(message) end
---@param message string
function log.warn(message) end

--- Progress of something long: a bar on a terminal.
---@param what string
---@param done integer
---@param total integer
function log.progress(what, done, total) end

--- A result of the run as a table for people: a list of columns and a list of rows of strings.
---@param title string
---@param columns string[]
---@param rows string[][]
function log.table(title, columns, rows) end

--- A result of the run as data; with --json it is an event of its own.
---@param name string
---@param value any what json.encode takes
function log.result(name, value) end

--- What a run does next, for those who follow it. Internal to cw.flow: flows call run:step.
---@param kind "begin"|"skip"|"end"
---@param name string name of the step
function log.step(kind, name) end

return log
