// Lua 5.1 reference manual, 5.4.1. Classes are those of the C locale.
#include "base/error.h"
#include "pattern_private.h"

namespace cw::lua {
namespace {

constexpr int kDeepest = 200;
constexpr uint64_t kStepsPerCharge = 256;
constexpr size_t kSetBytesPerStep = 8;  // a long [set] takes as long as it is

bool is_alpha(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }
bool is_graphic(unsigned char c) { return c > 0x20 && c < 0x7F; }
bool is_hex(unsigned char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

[[noreturn]] void malformed(const char* how) {
  throw Error(ErrorKind::usage, std::string("malformed pattern: ") + how);
}

}  // namespace

bool in_class(unsigned char c, unsigned char letter) {
  bool result = false;
  switch (letter | 0x20) {
    case 'a':
      result = is_alpha(c);
      break;
    case 'c':
      result = is_control(c);
      break;
    case 'd':
      result = is_digit(c);
      break;
    case 'l':
      result = is_lower(c);
      break;
    case 'p':
      result = is_graphic(c) && !is_alpha(c) && !is_digit(c);
      break;
    case 's':
      result = is_space(c);
      break;
    case 'u':
      result = is_upper(c);
      break;
    case 'w':
      result = is_alpha(c) || is_digit(c);
      break;
    case 'x':
      result = is_hex(c);
      break;
    case 'z':
      result = c == 0;
      break;
    case 'g':
      result = is_graphic(c);
      break;
    default:
      return letter == c;
  }
  if (!is_alpha(letter)) return letter == c;
  return is_upper(letter) ? !result : result;
}

std::optional<size_t> Matcher::match(size_t at) {
  level_ = 0;
  depth_ = 0;
  Result end = follow(at, 0);
  if (!meter_.spend(steps_ + 1)) stopped_ = true;
  steps_ = 0;
  if (stopped_) return {};
  return end;
}

bool Matcher::spend() {
  if (++steps_ >= kStepsPerCharge) {
    if (!meter_.spend(steps_)) stopped_ = true;
    steps_ = 0;
  }
  return !stopped_;
}

Matcher::Result Matcher::follow(size_t s, size_t p) {
  struct Depth {
    explicit Depth(int& depth) : depth_(depth) {
      if (++depth_ > kDeepest) throw Error(ErrorKind::usage, "pattern too complex: nested deeper than 200");
    }
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    int& depth_;
  } depth(depth_);

  while (has(p)) {
    if (!spend()) return {};
    switch (pattern_at(p)) {
      case '(':
        if (has(p + 1) && pattern_at(p + 1) == ')') return start_capture(s, p + 2, kPosition);
        return start_capture(s, p + 1, kOpen);
      case ')':
        return end_capture(s, p + 1);
      case '$':
        if (p + 1 == pattern_.size()) return s == subject_.size() ? Result(s) : Result();
        break;
      case '%':
        if (!has(p + 1)) break;
        if (pattern_at(p + 1) == 'b') {
          Result end = balanced(s, p + 2);
          if (!end) return {};
          s = *end;
          p += 4;
          continue;
        }
        if (pattern_at(p + 1) == 'f') {
          p += 2;
          if (!has(p) || pattern_at(p) != '[') malformed("no '[' after '%f'");
          size_t after = class_end(p);
          if (!frontier(s, p, after)) return {};
          p = after;
          continue;
        }
        if (is_digit(pattern_at(p + 1))) {
          Result end = back_reference(s, p);
          if (!end) return {};
          s = *end;
          p += 2;
          continue;
        }
        break;
      default:
        break;
    }
    size_t after = class_end(p);
    unsigned char suffix = has(after) ? pattern_at(after) : '\0';
    if (suffix == '?') {
      if (single(s, p, after)) {
        Result end = follow(s + 1, after + 1);
        if (end || stopped_) return end;
      }
      p = after + 1;
      continue;
    }
    if (suffix == '*') return at_most(s, p, after);
    if (suffix == '+') return single(s, p, after) ? at_most(s + 1, p, after) : Result();
    if (suffix == '-') return at_least(s, p, after);
    if (!single(s, p, after)) return {};
    ++s;
    p = after;
  }
  return s;
}

Matcher::Result Matcher::start_capture(size_t s, size_t p, ptrdiff_t what) {
  if (level_ >= kMostCaptures) throw Error(ErrorKind::usage, "pattern: too many captures");
  captures_[static_cast<size_t>(level_)] = {s, what};
  ++level_;
  Result end = follow(s, p);
  if (!end) --level_;
  return end;
}

Matcher::Result Matcher::end_capture(size_t s, size_t p) {
  for (int i = level_ - 1; i >= 0; --i) {
    Capture& capture = captures_[static_cast<size_t>(i)];
    if (capture.length != kOpen) continue;
    capture.length = static_cast<ptrdiff_t>(s - capture.begin);
    Result end = follow(s, p);
    if (!end) capture.length = kOpen;
    return end;
  }
  malformed("')' without '('");
}

Matcher::Result Matcher::back_reference(size_t s, size_t p) {
  int index = pattern_at(p + 1) - '1';
  if (index < 0 || index >= level_ || capture(index).length == kOpen) malformed("back reference to no capture");
  const Capture& earlier = capture(index);
  // A position capture has no text: nothing repeats it.
  if (earlier.length == kPosition) return {};
  std::string_view text = subject_.substr(earlier.begin, static_cast<size_t>(earlier.length));
  steps_ += text.size() / 16;
  if (subject_.substr(s, text.size()) != text) return {};
  return s + text.size();
}

Matcher::Result Matcher::balanced(size_t s, size_t p) {
  if (!has(p + 1)) malformed("'%b' needs two characters");
  if (s >= subject_.size() || subject_at(s) != pattern_at(p)) return {};
  unsigned char open = pattern_at(p);
  unsigned char close = pattern_at(p + 1);
  int64_t count = 1;
  while (++s < subject_.size()) {
    if (!spend()) return {};
    unsigned char c = subject_at(s);
    if (c == close) {
      if (--count == 0) return s + 1;
    } else if (c == open) {
      ++count;
    }
  }
  return {};
}

Matcher::Result Matcher::at_most(size_t s, size_t p, size_t after) {
  size_t count = 0;
  while (single(s + count, p, after)) {
    if (!spend()) return {};
    ++count;
  }
  for (;; --count) {
    Result end = follow(s + count, after + 1);
    if (end || stopped_ || count == 0) return end;
  }
}

Matcher::Result Matcher::at_least(size_t s, size_t p, size_t after) {
  for (;; ++s) {
    Result end = follow(s, after + 1);
    if (end || stopped_) return end;
    if (!single(s, p, after)) return {};
  }
}

size_t Matcher::class_end(size_t p) const {
  unsigned char c = pattern_at(p++);
  if (c == '%') {
    if (!has(p)) malformed("ends with '%'");
    return p + 1;
  }
  if (c != '[') return p;
  if (has(p) && pattern_at(p) == '^') ++p;
  do {  // a ']' in the first place stands for itself
    if (!has(p)) malformed("missing ']'");
    if (pattern_at(p++) == '%' && has(p)) ++p;
  } while (!has(p) || pattern_at(p) != ']');
  return p + 1;
}

bool Matcher::single(size_t s, size_t p, size_t after) {
  steps_ += (after - p) / kSetBytesPerStep;
  if (s >= subject_.size()) return false;
  unsigned char c = subject_at(s);
  switch (pattern_at(p)) {
    case '.':
      return true;
    case '%':
      return in_class(c, pattern_at(p + 1));
    case '[':
      return in_set(c, p, after - 1);
    default:
      return pattern_at(p) == c;
  }
}

bool Matcher::in_set(unsigned char c, size_t p, size_t close) const {
  bool found = true;
  if (pattern_at(p + 1) == '^') {
    found = false;
    ++p;
  }
  while (++p < close) {
    if (pattern_at(p) == '%') {
      if (in_class(c, pattern_at(++p))) return found;
    } else if (pattern_at(p + 1) == '-' && p + 2 < close) {
      if (pattern_at(p) <= c && c <= pattern_at(p + 2)) return found;
      p += 2;
    } else if (pattern_at(p) == c) {
      return found;
    }
  }
  return !found;
}

bool Matcher::frontier(size_t s, size_t p, size_t after) const {
  unsigned char before = s == 0 ? '\0' : subject_at(s - 1);
  unsigned char here = s < subject_.size() ? subject_at(s) : '\0';
  return !in_set(before, p, after - 1) && in_set(here, p, after - 1);
}

}  // namespace cw::lua
