#include <charconv>

#include "base/hex.h"
#include "recording_scan_private.h"

namespace cw::engine {

void LineScanner::fail(const std::string& what) const {
  throw Error(ErrorKind::usage, std::string(name_) + ":" + std::to_string(line_) + ": " + what);
}

void LineScanner::end() const {
  if (!rest_.empty()) fail("there is more on the line than belongs there");
}

bool LineScanner::take(std::string_view text) {
  if (!sees(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

void LineScanner::expect(std::string_view text) {
  if (!take(text)) fail("expected '" + std::string(text) + "'");
}

std::string_view LineScanner::word() {
  const size_t end = rest_.find(' ');
  const std::string_view out = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  return out;
}

std::string_view LineScanner::rest() {
  const std::string_view out = rest_;
  rest_ = {};
  return out;
}

std::string_view LineScanner::digits(const char* set, size_t limit) {
  const std::string_view out = rest_.substr(0, rest_.find_first_not_of(set));
  if (out.size() > limit) fail("a number is too long");
  rest_.remove_prefix(out.size());
  return out;
}

uint64_t LineScanner::number(uint64_t limit) {
  const std::string_view text = digits("0123456789", 20);
  uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc()) fail("expected a number");
  if (text.size() > 1 && text[0] == '0') fail("a number begins with a zero");
  if (value > limit) fail("the number is above " + std::to_string(limit));
  return value;
}

int64_t LineScanner::integer() {
  const std::string_view text = digits("-0123456789", 20);
  int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) fail("expected a number");
  return value;
}

Bytes LineScanner::hex(size_t least, size_t most) {
  const std::string_view text = rest_.substr(0, rest_.find_first_not_of("0123456789ABCDEF"));
  if (text.size() % 2 != 0 || text.size() < 2 * least || text.size() > 2 * most) {
    fail("expected " + std::to_string(least) + (least == most ? "" : " to " + std::to_string(most)) +
         " bytes in upper-case hexadecimal digits");
  }
  rest_.remove_prefix(text.size());
  return from_hex(text);
}

std::string LineScanner::quoted() {
  expect("\"");
  std::string out;
  while (!rest_.empty()) {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '"') return out;
    if (c != '\\') {
      out += c;
    } else if (take("x")) {
      if (rest_.size() < 2 || rest_.find_first_not_of("0123456789ABCDEF") < 2) fail("\\x takes two hexadecimal digits");
      out += text_view(from_hex(rest_.substr(0, 2)));
      rest_.remove_prefix(2);
    } else if (sees("\"") || sees("\\")) {
      out += rest_[0];
      rest_.remove_prefix(1);
    } else {
      fail("after \\ comes \\, a quote or xHH");
    }
  }
  fail("a quote is not closed");
}

size_t LineScanner::left_out(size_t limit) {
  expect("<");
  const size_t size = number(limit);
  expect(" bytes>");
  return size;
}

}  // namespace cw::engine
