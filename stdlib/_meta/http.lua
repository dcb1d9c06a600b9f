---@meta
error("stub for editors; the module is native")

--- Calls to backends that the policy names.
---@class httplib
local http = {}

---@class HttpFields
---@field method? string default "GET"
---@field url string https://...
---@field headers? table<string, string>
---@field body? string

---@class HttpReply
---@field status integer
---@field headers table<string, string> names in lower case
---@field body string

--- Raises policy: the backend is not in the policy; http: no answer in time, answer too large.
---@param fields HttpFields
---@return HttpReply
function http.request(fields) end

return http
