// Reads one line of a recording, piece by piece; where it is not as it should be, says which line of which file.
//
// Owner: the parser. One thread.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace cw::engine {

class LineScanner {
 public:
  /// `name` and `line` are for errors; all that is given is borrowed.
  LineScanner(std::string_view text, std::string_view name, size_t line) : rest_(text), name_(name), line_(line) {}

  /// All below raise usage where the line has something else.
  [[noreturn]] void fail(const std::string& what) const;

  bool at_end() const { return rest_.empty(); }
  void end() const;
  bool sees(std::string_view text) const { return rest_.starts_with(text); }
  bool sees_digit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  /// Takes it if it is there.
  bool take(std::string_view text);
  void expect(std::string_view text);
  /// Up to the next space, which is taken too.
  std::string_view word();
  std::string_view rest();
  uint64_t number(uint64_t limit);
  int64_t integer();
  /// Upper-case digits, as many bytes as `least` to `most`.
  Bytes hex(size_t least, size_t most);
  uint8_t byte() { return hex(1, 1)[0]; }
  uint16_t status() { return static_cast<uint16_t>(read_be(hex(2, 2))); }
  std::string quoted();
  /// "<12 bytes>".
  size_t left_out(size_t limit);

 private:
  std::string_view digits(const char* set, size_t limit);

  std::string_view rest_;
  std::string_view name_;
  size_t line_;
};

}  // namespace cw::engine
