---@meta
error("stub for editors; the module is native")

--- Calls to backends that the policy names: to ask them something, and to hand them results.
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

---@class DeliverFields
---@field name string what it is called within the run, up to 64 letters, digits and marks
---@field method? string default "POST"
---@field url string https://...
---@field headers? table<string, string> Idempotency-Key is not among them: cardwright sets it
---@field body? string

--- Hands over a result that has to reach a backend, whatever becomes of this run, and goes on without the reply.
---
--- Of one run and `name` there is one parcel: the first call counts, and another with that name, in this attempt or a
--- later one, changes nothing. So a flow that converges calls it again. It travels with a header Idempotency-Key that
--- is the same each time: the backend may get it more than once, and in any order with others, and counts it once.
---
--- With a store (--store), it is in the outbox on return and is sent by cardwright outside of the run: until a status
--- 2xx came back, with growing pauses, by any process, also after a restart. Where the backend says that it will never
--- take it (4xx but 408, 425, 429), it is kept for a person: cardwright outbox list.
---
--- Without a store, nothing could try later: it is sent before the call returns, once, and raises http if no status 2xx
--- came back.
---
--- Raises policy: the backend is not in the policy; usage: not a request, or headers that are not the script's to set.
---@param fields DeliverFields
function http.deliver(fields) end

return http
