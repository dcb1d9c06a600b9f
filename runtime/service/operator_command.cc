#include "service/operator_command.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "service/json_reader.h"

namespace cw::service {

namespace {

using nlohmann::json;
using From = Field::From;
using Is = Field::Is;

constexpr size_t kJsonBytes = 1 << 20;

Refused refuse(std::string why, int status = 400) { return {status, std::move(why), {}}; }

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  for (size_t from = 0;;) {
    const size_t end = std::min(text.find(at, from), text.size());
    out.emplace_back(text.substr(from, end - from));
    if (end == text.size()) return out;
    from = end + 1;
  }
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 3986 2.1. Nothing: a '%' without two digits.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3 || digit_of(text[i + 1]) < 0 || digit_of(text[i + 2]) < 0) return {};
    out.push_back(static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2])));
    i += 2;
  }
  return out;
}

std::string encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : "%" + to_hex(static_cast<uint8_t>(c));
  }
  return out;
}

bool is_variable(const std::string& segment) { return segment.starts_with('{'); }

/// The path's variables, if it is of this route.
std::optional<std::vector<std::string>> match(const Route& route, const std::vector<std::string>& path) {
  const std::vector<std::string> pattern = split(route.path, '/');
  if (pattern.size() != path.size()) return {};
  std::vector<std::string> variables;
  for (size_t i = 0; i < path.size(); ++i) {
    if (is_variable(pattern[i]) && !path[i].empty()) {
      variables.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return {};
    }
  }
  return variables;
}

std::vector<std::string> names_of(const Route& route, From from) {
  std::vector<std::string> out;
  for (const Field& field : route.fields) {
    if (field.from == from) out.emplace_back(field.name);
  }
  return out;
}

const Field* find_field(const Route& route, const std::string& name, From from) {
  for (const Field& field : route.fields) {
    if (field.from == from && name == field.name) return &field;
  }
  return nullptr;
}

/// UTF-8 as JSON has it: what cannot be said back is not taken.
bool is_utf8(const std::string& text) {
  try {
    return !json(text).dump().empty();
  } catch (const json::exception&) {
    return false;
  }
}

/// Puts it into the command, or says what is wrong with it.
std::optional<Refused> put_word(OperatorCommand& command, const Field& field, std::string value) {
  const std::string name = field.name;
  if (field.is == Is::number) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || error != std::errc() || end != value.data() + value.size() || number < 1 ||
        number > field.most) {
      return refuse(name + " must be a whole number from 1 to " + std::to_string(field.most));
    }
    command.numbers[name] = number;
    return {};
  }
  if (static_cast<int64_t>(value.size()) > field.most) {
    const bool large = field.is == Is::text || field.is == Is::bytes;
    return refuse(name + " is longer than " + std::to_string(field.most) + " bytes", large ? 413 : 400);
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (field.is == Is::line && std::any_of(value.begin(), value.end(), is_control)) {
    return refuse(name + " has control characters in it; write one line");
  }
  if (field.required && value.empty()) return refuse(name + " is empty");
  if (field.is != Is::bytes && !is_utf8(value)) return refuse(name + " is no UTF-8");
  command.words[name] = std::move(value);
  return {};
}

std::optional<Refused> miss(const OperatorCommand& command, const Route& route, From from, const char* where) {
  for (const Field& field : route.fields) {
    if (field.from == from && field.required && command.words.count(field.name) == 0) {
      return refuse(std::string("the ") + where + " lacks " + field.name);
    }
  }
  return {};
}

std::optional<Refused> take_query(OperatorCommand& command, const Route& route, std::string_view query) {
  for (const std::string& pair : split(query, '&')) {
    if (query.empty()) break;
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::optional<std::string> name = decoded(std::string_view(pair).substr(0, equals));
    const std::optional<std::string> value = decoded(std::string_view(pair).substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return refuse("the query has a '%' without two hexadecimal digits");
    const Field* field = find_field(route, *name, From::query);
    if (field == nullptr) {
      return refuse("the query has a name that is not known here" + did_you_mean(*name, names_of(route, From::query)));
    }
    if (command.words.count(*name) + command.numbers.count(*name) > 0) return refuse(*name + " stands twice");
    if (value->empty()) continue;
    if (auto wrong = put_word(command, *field, *value)) return wrong;
  }
  return miss(command, route, From::query, "query");
}

const Field* whole_of(const Route& route) {
  for (const Field& field : route.fields) {
    if (field.from == From::whole) return &field;
  }
  return nullptr;
}

std::optional<Refused> take_body(OperatorCommand& command, const Route& route, std::string_view body) {
  if (const Field* whole = whole_of(route)) return put_word(command, *whole, std::string(body));
  if (body.size() > kJsonBytes) return refuse("the body is longer than " + std::to_string(kJsonBytes) + " bytes", 413);
  const bool none = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (names_of(route, From::body).empty() && none) return {};
  json value = json::object();
  try {
    if (!none) value = read_json(body, {});
  } catch (const Error& error) {
    return refuse("the body cannot be read: " + error.message());
  }
  if (!value.is_object()) return refuse("the body must be a JSON object");
  for (const auto& [name, each] : value.items()) {
    const Field* field = find_field(route, name, From::body);
    if (field == nullptr) {
      return refuse("the body has a name that is not known here" + did_you_mean(name, names_of(route, From::body)));
    }
    if (!each.is_string()) return refuse(name + " must be a string");
    if (auto wrong = put_word(command, *field, each.get<std::string>())) return wrong;
  }
  return miss(command, route, From::body, "body");
}

std::optional<Refused> take_all(OperatorCommand& command, const Route& route, const std::vector<std::string>& variables,
                                std::string_view query, std::string_view body) {
  size_t next = 0;
  for (const Field& field : route.fields) {
    if (field.from != From::path) continue;
    const std::optional<std::string> value = decoded(variables.at(next++));
    if (!value) return refuse("the path has a '%' without two hexadecimal digits");
    if (auto wrong = put_word(command, field, *value)) return wrong;
  }
  if (auto wrong = take_query(command, route, query)) return wrong;
  return take_body(command, route, body);
}

}  // namespace

std::string OperatorCommand::word(const std::string& name) const {
  const auto found = words.find(name);
  return found == words.end() ? "" : found->second;
}

int64_t OperatorCommand::number(const std::string& name, int64_t otherwise) const {
  const auto found = numbers.find(name);
  return found == numbers.end() ? otherwise : found->second;
}

std::string_view content_type_of(const Route& route) {
  return whole_of(route) != nullptr ? "application/x-tar" : "application/json";
}

ParsedRequest parse_request(std::string_view method, std::string_view target, std::string_view body) {
  const size_t mark = std::min(target.find('?'), target.size());
  const std::vector<std::string> path = split(target.substr(0, mark), '/');
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  std::string allow;
  for (const Route& route : routes()) {
    const std::optional<std::vector<std::string>> variables = match(route, path);
    if (!variables) continue;
    const bool head = method == "HEAD" && std::string_view(route.method) == "GET";
    if (method != route.method && !head) {
      if (allow.find(route.method) == std::string::npos)
        allow += (allow.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    OperatorCommand command;
    command.ask = route.ask;
    if (auto wrong = take_all(command, route, *variables, query, body)) return *wrong;
    return command;
  }
  if (allow.empty()) return refuse("there is nothing under this path; GET /v1 lists what there is", 404);
  return Refused{405, "this path takes " + allow + " alone", allow};
}

RequestText request_of(const OperatorCommand& command) {
  const Route& route = route_of(command.ask);
  RequestText out{route.method, "", "", ""};
  std::vector<std::string> variables;
  std::string query;
  json body = json::object();
  for (const Field& field : route.fields) {
    const bool is_number = command.numbers.count(field.name) > 0;
    if (!is_number && command.words.count(field.name) == 0) continue;
    const std::string value = is_number ? std::to_string(command.numbers.at(field.name)) : command.word(field.name);
    if (field.from == From::path) variables.push_back(encoded(value));
    if (field.from == From::query)
      query += (query.empty() ? "?" : "&") + std::string(field.name) + "=" + encoded(value);
    if (field.from == From::body) body[field.name] = value;
    if (field.from != From::whole) continue;
    if (static_cast<int64_t>(value.size()) > field.most) {
      throw Error(ErrorKind::usage, std::string(field.name) + " has " + std::to_string(value.size()) +
                                        " bytes, and a service takes " + std::to_string(field.most) +
                                        " at most; use --store where its store is");
    }
    out.body = value;
  }
  size_t next = 0;
  for (const std::string& segment : split(std::string_view(route.path).substr(1), '/')) {
    out.target += "/" + (is_variable(segment) ? variables.at(next++) : segment);
  }
  out.target += query;
  if (out.method != "POST") return out;
  out.type = content_type_of(route);
  if (whole_of(route) != nullptr) return out;
  try {
    out.body = body.dump();
  } catch (const json::exception&) {
    throw Error(ErrorKind::usage, "what is to be sent is no UTF-8, so JSON cannot have it; save the file as UTF-8");
  }
  return out;
}

}  // namespace cw::service
