#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

using nlohmann::json;

constexpr int kDepth = 8;
constexpr size_t kValues = 100'000;

/// Counts and looks for names that stand twice, as the parser goes.
class Guard {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= kDepth) {
      throw Error(ErrorKind::usage, "it is nested deeper than " + std::to_string(kDepth) + " levels");
    }
    if (event == Event::object_end) {
      names_.pop_back();
    } else if (event != Event::array_end && ++values_ > kValues) {
      throw Error(ErrorKind::usage, "it has more than " + std::to_string(kValues) + " values");
    }
    if (event == Event::object_start) names_.emplace_back();
    if (event == Event::key && !names_.back().insert(parsed.get<std::string>()).second) {
      throw Error(ErrorKind::usage,
                  "the name \"" + shown(parsed.get<std::string>(), 40) + "\" stands twice in an object");
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> names_{};
  size_t values_ = 0;
};

std::string place_of(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  return "line " + std::to_string(std::count(before.begin(), before.end(), '\n') + 1);
}

}  // namespace

json read_json(std::string_view text, bool comments) {
  json out;
  try {
    out = json::parse(text.begin(), text.end(), Guard(), true, comments);
  } catch (const json::parse_error& error) {
    throw Error(ErrorKind::usage, "it is no JSON from " + place_of(text, error.byte) + " on");
  } catch (const json::exception&) {
    throw Error(ErrorKind::usage, "it has a number that is too large");
  }
  if (!out.is_object()) throw Error(ErrorKind::usage, "it is no JSON object");
  return out;
}

std::string shown(std::string_view text, size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) out += c >= 0x20 && c < 0x7F ? c : '?';
  if (text.size() > limit) out += "...";
  return out;
}

}  // namespace cw::issuer
