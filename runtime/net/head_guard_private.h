// Finds the end of a request's head, and refuses on the way what a lenient parser would let pass: bare line ends,
// folded lines, control characters, too much of anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/request_parser.h"
#include "net/server_limits.h"

namespace cw::net {

class HeadGuard {
 public:
  explicit HeadGuard(const RequestLimits& limits) : limits_(limits) {}

  /// Takes bytes up to the end of the head and says how many.
  size_t feed(std::string_view bytes);

  bool whole() const { return whole_; }
  const std::optional<Refusal>& refusal() const { return refusal_; }
  /// The head so far, its empty last line included once it is whole.
  std::string& text() { return text_; }
  const std::string& text() const { return text_; }

 private:
  void take(char c);
  void end_line();
  void refuse(int status, const char* why) { refusal_ = Refusal{status, why}; }

  const RequestLimits limits_;
  std::string text_;
  size_t lines_ = 0;       // ended ones
  size_t line_bytes_ = 0;  // of the line that has not
  bool after_cr_ = false;
  bool skipped_empty_ = false;
  bool whole_ = false;
  std::optional<Refusal> refusal_;
};

}  // namespace cw::net
