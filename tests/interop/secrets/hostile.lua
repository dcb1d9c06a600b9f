--- Tries whatever a script can do to see or show a secret argument and a key. Each try may fail; none may show them.
local apdu = require "apdu"
local cards = require "cw.gp"
local hex = require "hex"
local http = require "http"
local json = require "json"
local keys = require "keys"
local log = require "log"
local tlv = require "tlv"

local function tries(run, secret)
  local data = "begin " .. secret .. " end"
  local command = apdu.command { ins = 0xE2, p1 = 0x80, data = data }
  local put_key = keys.put_key_data("demo.sd", 0x30)
  local list = {}
  for name, value in pairs { secret = secret, data = data, command = command, put_key = put_key } do
    list[#list + 1] = function() return tostring(value) end
    list[#list + 1] = function() return ("%s"):format(value) end
    list[#list + 1] = function() return ("%q"):format(value) end
    list[#list + 1] = function() return ("%x %d"):format(value, value) end
    list[#list + 1] = function() return json.encode(value) end
    list[#list + 1] = function() return json.encode { [name] = value } end
    list[#list + 1] = function() return json.encode { [value] = name } end
    list[#list + 1] = function() return hex.encode(value) end
    list[#list + 1] = function() return hex.decode(value) end
    list[#list + 1] = function() return tlv.parse(value) end
    list[#list + 1] = function() return tlv.find(value, "81") end
    list[#list + 1] = function() return tlv.build(0x81, value) end
    list[#list + 1] = function() return tlv.lv(value) end
    list[#list + 1] = function() return tlv.dgi(0x0101, value) end
    list[#list + 1] = function() return apdu.parse(value) end
    list[#list + 1] = function() return apdu.describe(value) end
    list[#list + 1] = function() return apdu.describe(apdu.command { ins = 0xE2, data = value }) end
    list[#list + 1] = function() return apdu.data(value, value) end
    list[#list + 1] = function() return value.bytes end
    list[#list + 1] = function() return value[1] end
    list[#list + 1] = function() return value.data end
    list[#list + 1] = function() return value:sub(1, 4) end
    list[#list + 1] = function() return value:byte(1, -1) end
    list[#list + 1] = function() return string.byte(value, 1, -1) end
    list[#list + 1] = function() return string.sub(value, 1) end
    list[#list + 1] = function() return string.reverse(value) end
    list[#list + 1] = function() return string.rep(value, 2) end
    list[#list + 1] = function() return string.gsub("x", "x", value) end
    list[#list + 1] = function() return string.find(value, ".") end
    list[#list + 1] = function() return string.match(value, "(.*)") end
    list[#list + 1] = function() return table.concat({ value }, " ") end
    list[#list + 1] = function() return tonumber(value) end
    list[#list + 1] = function() return value + 1 end
    list[#list + 1] = function() return value < value end
    list[#list + 1] = function() return value == value end
    list[#list + 1] = function() return #value end
    list[#list + 1] = function() return next(value) end
    list[#list + 1] = function() return pairs(value)(value) end
    list[#list + 1] = function() return ipairs(value)(value, 0) end
    list[#list + 1] = function() return rawget(value, 1) end
    list[#list + 1] = function() return getmetatable(value) end
    list[#list + 1] = function() return setmetatable(value, {}) end
    list[#list + 1] = function() return unpack(value) end
    list[#list + 1] = function() return select(value, 1) end
    list[#list + 1] = function() return value() end
    list[#list + 1] = function() return ({ [value] = value })[value] end
    list[#list + 1] = function() return error(value) end
    list[#list + 1] = function() return error { kind = "usage", message = value } end
    list[#list + 1] = function() return assert(false, value) end
    list[#list + 1] = function() return coroutine.wrap(function() error(value) end)() end
    list[#list + 1] = function() return require(value) end
    list[#list + 1] = function() return log.info(value) end
    list[#list + 1] = function() return log.warn("x" .. value) end
    list[#list + 1] = function() return log.debug(value) end
    list[#list + 1] = function() return log.progress(value, 1, 2) end
    list[#list + 1] = function() return log.result(name, value) end
    list[#list + 1] = function() return log.result(value, name) end
    list[#list + 1] = function() return log.table(name, { value }, { { value } }) end
    list[#list + 1] = function() return run:print(value) end
    list[#list + 1] = function() return run:print("%s", value) end
    list[#list + 1] = function() return run:output(name, { value }) end
    list[#list + 1] = function() return run:table(name, { name }, { { value } }) end
    list[#list + 1] = function() return run:step(value, {}) end
    list[#list + 1] = function() return run:step("x" .. value, {}) end
    list[#list + 1] = function() return http.request { url = "http://127.0.0.1:9/" .. value } end
    list[#list + 1] = function() return http.request { url = value } end
    list[#list + 1] = function() return http.request { url = "http://127.0.0.1:9/", body = value } end
    list[#list + 1] = function() return http.request { url = "http://127.0.0.1:9/", headers = { a = value } } end
    list[#list + 1] = function() return run.card:select(value) end
    list[#list + 1] = function() return run.card:send(value) end
    list[#list + 1] = function() return run.card:send(apdu.command { ins = 0xCA, data = value }) end
    list[#list + 1] = function() return run.card:open_channel { keys = value } end
    list[#list + 1] = function() return keys.info(value) end
    list[#list + 1] = function() return keys.under_dek(value, 3) end
    list[#list + 1] = function() return keys.put_key_data(value, 1) end
    list[#list + 1] = function()
      -- A level that does not encrypt carries no secret.
      cards.select(run.card, run.flavor.isd_aid)
      local channel = run.card:open_channel { keys = "isd", level = "mac" }
      return channel:send(apdu.command { ins = 0xE2, p1 = 0x80, data = value })
    end
    list[#list + 1] = function()
      -- Encrypted, and refused by the card.
      cards.select(run.card, run.flavor.isd_aid)
      local channel = run.card:open_channel { keys = "isd" }
      return channel:expect(apdu.command { ins = 0xDA, p1 = 0x01, p2 = 0x02, data = value })
    end
  end
  for _, set in ipairs { "isd", "demo.sd", "demo.sd2", "master", "nothing" } do
    list[#list + 1] = function() return keys.info(set) end
    list[#list + 1] = function() return json.encode(keys.info(set).kcvs) end
    list[#list + 1] = function() return tostring(keys.put_key_data(set, 1)) end
    list[#list + 1] = function() return hex.encode(keys.put_key_answer(set, 1)) end
  end
  return list
end

--- A value by every way out.
local function show(run, value, depth)
  pcall(run.print, run, "%s", tostring(value))
  pcall(run.output, run, "value", value)
  if type(value) == "string" then
    pcall(run.print, run, "%q", value)
    pcall(run.print, run, "%s", hex.encode(value))
  elseif type(value) == "table" and depth < 4 then
    for k, v in pairs(value) do
      show(run, k, depth + 1)
      show(run, v, depth + 1)
    end
  end
end

return {
  name = "hostile",
  summary = "Tries to show a secret",
  args = { holder = { type = "secret", help = "what is not to be seen", max = 64 } },
  needs = { keys = { "isd", "demo.sd", "demo.sd2", "master" } },
  run = function(run)
    local shown = 0
    for _, try in ipairs(tries(run, run.args.holder)) do
      for _, value in ipairs { pcall(try) } do show(run, value, 0) end
      shown = shown + 1
    end
    run:print("%d tries", shown)
  end,
}
