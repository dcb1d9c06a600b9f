#include <algorithm>
#include <cstdint>

#include "base/hex.h"
#include "text_private.h"

namespace cw::report {

namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// What a reader or a parser must not get: marks that turn the direction of writing, separators of lines, and the two
/// that are no characters (XML 1.0, 2.2).
bool misleads(uint32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F ||
         code == 0x061C || code == 0x2028 || code == 0x2029 || code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

/// Bytes of the character that `text` begins with (RFC 3629); 0: one that is not shown as it is.
size_t shown_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first < 0x20 || first == 0x7F ? 0 : 1;
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  uint32_t code = first & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if (!continues_character(text[i])) return 0;
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return 0;
  return code < 0xA0 || misleads(code) ? 0 : size;
}

std::string shown(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t size = shown_character(text);
    if (size == 0) {
      const char c = text.front();
      if (keep_lines && c == '\n') {
        out += '\n';
      } else if (keep_lines && c == '\t') {
        out += "  ";
      } else {
        out += "\\x" + to_hex(static_cast<uint8_t>(c));
      }
    }
    out += text.substr(0, size);
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

/// Bytes of the first `columns` characters.
size_t bytes_of(std::string_view text, size_t columns) {
  size_t at = 0;
  while (at < text.size()) {
    if (!continues_character(text[at]) && columns-- == 0) break;
    ++at;
  }
  return at;
}

std::string decimal(int64_t value, int64_t unit, unsigned digits) {
  std::string out = std::to_string(value / unit);
  int64_t rest = value % unit;
  if (digits > 0) out += '.';
  for (; digits > 0; --digits) {
    rest *= 10;
    out += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return shown(text, false); }

std::string printable_lines(std::string_view text) { return shown(text, true); }

size_t columns_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

std::string cut(std::string text, size_t columns) {
  if (columns == 0 || columns_of(text) <= columns) return text;
  const size_t dots = std::min<size_t>(columns, 2);
  text.resize(bytes_of(text, columns - dots));
  return text.append(dots, '.');
}

std::string padded(std::string text, size_t columns) {
  const size_t now = columns_of(text);
  return now < columns ? text.append(columns - now, ' ') : text;
}

std::vector<std::string> wrapped(std::string_view text, size_t columns) {
  std::vector<std::string> out;
  while (true) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    while (columns > 0 && columns_of(line) > columns) {
      size_t size = bytes_of(line, columns);
      const size_t space = line.substr(0, size + 1).rfind(' ');
      const bool at_space = space != std::string_view::npos && space > 0;
      if (at_space) size = space;
      out.emplace_back(line.substr(0, size));
      line.remove_prefix(size + (at_space ? 1 : 0));
    }
    out.emplace_back(line);
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

std::string markup(std::string_view printable) {
  std::string out;
  out.reserve(printable.size());
  for (const char c : printable) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_string(std::string_view printable) {
  std::string out = "\"";
  out.reserve(printable.size() + 2);
  for (const char c : printable) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      // "</script" and "<!--" would end or change the element around.
      case '<':
        out += "\\u003C";
        break;
      case '>':
        out += "\\u003E";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
  return out += '"';
}

std::string yaml_string(std::string_view printable) {
  std::string out = "\"";
  out.reserve(printable.size() + 2);
  for (const char c : printable) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out += c;
    }
  }
  return out += '"';
}

std::string time_text(std::chrono::nanoseconds time, bool utf8) {
  const int64_t ns = std::max<int64_t>(time.count(), 0);
  const auto three = [ns](int64_t unit) { return decimal(ns, unit, ns < 10 * unit ? 2 : ns < 100 * unit ? 1 : 0); };
  if (ns == 0) return "0 s";
  if (ns < 1'000'000) return three(1'000) + (utf8 ? " µs" : " us");
  if (ns < 1'000'000'000) return three(1'000'000) + " ms";
  if (ns < 600'000'000'000) return three(1'000'000'000) + " s";
  return std::to_string(ns / 60'000'000'000) + " min " + std::to_string(ns / 1'000'000'000 % 60) + " s";
}

std::string seconds(std::chrono::nanoseconds time) {
  return decimal(std::max<int64_t>(time.count(), 0), 1'000'000'000, 6);
}

}  // namespace cw::report
