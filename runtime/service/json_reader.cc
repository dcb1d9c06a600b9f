#include "service/json_reader.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"
#include "json_reading_private.h"

namespace cw::service {

namespace {

using nlohmann::json;
using Event = json::parse_event_t;

/// "line 3, column 7" of a byte; what people look for.
std::string place_of(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : std::min(byte - 1, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(before.size() - start + 1);
}

}  // namespace

json read_json(std::string_view text, const JsonRules& rules) {
  std::vector<std::set<std::string>> names;
  size_t values = 0;
  const auto watch = [&](int depth, Event event, json& parsed) {
    if (event == Event::object_start || event == Event::array_start) {
      if (static_cast<size_t>(depth) >= rules.depth) {
        throw Error(ErrorKind::usage, "it is nested deeper than " + std::to_string(rules.depth) + " levels");
      }
    }
    const bool ends = event == Event::object_end || event == Event::array_end;
    if (!ends && ++values > rules.values) {
      throw Error(ErrorKind::usage, "it has more than " + std::to_string(rules.values) + " values");
    }
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key && !names.back().insert(parsed.get<std::string>()).second) {
      throw Error(ErrorKind::usage,
                  "a name stands twice in one object: \"" + printable(parsed.get<std::string>(), 40) + "\"");
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), watch, true, rules.comments);
  } catch (const json::parse_error& error) {
    throw Error(ErrorKind::usage, "it is no JSON at " + place_of(text, error.byte));
  } catch (const json::exception&) {
    throw Error(ErrorKind::usage, "it has a number that is too large");
  }
}

}  // namespace cw::service
