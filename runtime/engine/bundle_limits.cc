#include <algorithm>

#include "bundle_limits_private.h"

namespace cw::engine {

namespace {

constexpr size_t kNameLimit = 100;  // of a tar header

bool is_word(std::string_view part) {
  return !part.empty() && part.front() != '-' && std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/// Bytes of the character of UTF-8 that `text` begins with; 0: none.
size_t character(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!continues(at(i))) return 0;
  }
  const bool out_of_range = (first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) >= 0xA0) ||
                            (first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) >= 0x90);
  return out_of_range ? 0 : size;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

}  // namespace

std::string odd_name(std::string_view name) {
  if (name.size() > kNameLimit) return "its name has more than 100 characters";
  if (!name.ends_with(".lua")) return "its name does not end in .lua";
  std::string_view rest = name.substr(0, name.size() - 4);
  const size_t top = rest.find('/');
  if (top == std::string_view::npos || (rest.substr(0, top) != "scripts" && rest.substr(0, top) != "stdlib")) {
    return "it is neither in scripts/ nor in stdlib/";
  }
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('/'), rest.size());
    if (!is_word(rest.substr(0, end))) {
      return "names are words of letters, digits, _ and -, with a / between";
    }
    if (end + 1 == rest.size()) return "it has no name";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

std::string not_text(std::string_view text) {
  size_t line = 1;
  for (size_t at = 0; at < text.size();) {
    const size_t size = character(text.substr(at));
    const std::string place = "it is no text: line " + std::to_string(line);
    if (size == 0) return place + " is not UTF-8";
    if (size == 1 && is_control(text[at])) return place + " has a control character";
    line += text[at] == '\n';
    at += size;
  }
  return {};
}

}  // namespace cw::engine
