#include <algorithm>
#include <map>
#include <utility>

#include "arguments_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr size_t kMaxName = 64;
constexpr size_t kMaxMethod = 16;
constexpr size_t kMaxUrl = 4096;
constexpr size_t kMaxHeader = 8192;
constexpr size_t kMaxHeaders = 64;

/// Characters of an HTTP token (RFC 9110 5.6.2): methods and header names.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

/// No line ends or other control characters, with which a script could put headers of its own into a request.
bool is_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// Field "headers" of argument 1, sorted by name, so that the request does not depend on the order of a table's keys.
std::map<std::string, std::string> headers_field(lua_State* L, const std::string& function) {
  std::map<std::string, std::string> headers;
  if (!lua::has_field(L, 1, "headers")) return headers;
  lua_getfield(L, 1, "headers");
  const int table = lua_gettop(L);
  if (lua_type(L, table) != LUA_TTABLE || lua_getmetatable(L, table)) {
    throw Error(ErrorKind::usage, function + ": field 'headers': expected a plain table of names and texts");
  }
  lua_pushnil(L);
  while (lua_next(L, table)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
      throw Error(ErrorKind::usage, function + ": field 'headers': expected names and texts");
    }
    const std::string_view name = lua::text(L, -2);
    const std::string_view value = lua::text(L, -1);
    if (!is_token(name) || !is_line(value) || name.size() + value.size() > kMaxHeader ||
        headers.size() == kMaxHeaders) {
      throw Error(ErrorKind::usage,
                  function +
                      ": field 'headers': a header is a name (RFC 9110 token) and one line of text, 8 KiB together; at "
                      "most 64 headers");
    }
    charge_bytes(L, name.size() + value.size());
    headers.emplace(name, value);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return headers;
}

int push_reply(lua_State* L, host::Reply& any) {
  const auto& reply = reply_as<host::HttpReply>(any);
  lua_createtable(L, 0, 3);
  lua::set_field(L, "status", static_cast<int64_t>(reply.status));
  lua::set_field(L, "body", std::string_view(reply.body));
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : reply.headers) {
    // A header that stands twice means its values in a list (RFC 9110 5.3).
    std::string& joined = headers[lower(name)];
    joined += joined.empty() ? value : ", " + value;
  }
  lua_createtable(L, 0, static_cast<int>(headers.size()));
  for (const auto& [name, value] : headers) {
    lua::push(L, std::string_view(name));
    lua::push(L, std::string_view(value));
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "headers");
  return 1;
}

/// The call that argument 1 of `function` describes.
host::HttpCall call_of(lua_State* L, const std::string& function, const char* method) {
  host::HttpCall call;
  call.method = lua::has_field(L, 1, "method") ? lua::text_field(L, 1, "method", kMaxMethod) : method;
  if (!is_token(call.method))
    throw Error(ErrorKind::usage, function + ": field 'method': not an HTTP method, as \"GET\" or \"POST\"");
  call.url = lua::text_field(L, 1, "url", kMaxUrl);
  if (call.url.empty() || !is_line(call.url) || call.url.find_first_of(" \t") != std::string::npos) {
    throw Error(ErrorKind::usage,
                function + ": field 'url': expected an address without spaces, as \"https://sei.example/v1/\"");
  }
  for (auto& [name, value] : headers_field(L, function)) call.headers.emplace_back(name, std::move(value));
  call.body = to_string(lua::bytes_field(L, 1, "body", 0, 1u << 20));
  charge_bytes(L, call.url.size() + call.body.size());
  return call;
}

int request(lua_State* L) {
  lua::check_table(L, 1, {"method", "url", "headers", "body"});
  return context_of(L).submit(L, call_of(L, "http.request", "GET"), push_reply);
}

int push_nothing(lua_State* /*L*/, host::Reply& any) {
  reply_as<host::HandedOver>(any);
  return 0;
}

int deliver(lua_State* L) {
  lua::check_table(L, 1, {"name", "method", "url", "headers", "body"});
  host::Deliver parcel;
  parcel.name = lua::text_field(L, 1, "name", kMaxName);
  if (!is_token(parcel.name)) {
    throw Error(ErrorKind::usage, "http.deliver: field 'name': expected letters, digits and marks, as \"result\"");
  }
  parcel.call = call_of(L, "http.deliver", "POST");
  for (const auto& header : parcel.call.headers) {
    if (lower(header.first) == "idempotency-key") {
      throw Error(ErrorKind::usage,
                  "http.deliver: field 'headers': Idempotency-Key is set by cardwright, from the run and 'name'");
    }
  }
  return context_of(L).submit(L, std::move(parcel), push_nothing);
}

}  // namespace

int open_http(lua_State* L) {
  lua::push_module(
      L, {{"request", lua::guard<request>, /*waits=*/true}, {"deliver", lua::guard<deliver>, /*waits=*/true}});
  return 1;
}

}  // namespace cw::modules
