// Lua 5.1 patterns, without Lua: each step is charged, so that a pattern that backtracks for minutes ends with its run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "meter_private.h"

namespace cw::lua {

class Matcher {
 public:
  static constexpr int kMostCaptures = 32;

  struct Capture {
    size_t begin = 0;
    ptrdiff_t length = 0;  // or kPosition, or kOpen while its end is sought
  };
  static constexpr ptrdiff_t kOpen = -1;
  static constexpr ptrdiff_t kPosition = -2;

  /// `pattern` without a leading anchor. All are borrowed.
  Matcher(std::string_view subject, std::string_view pattern, Meter& meter)
      : subject_(subject), pattern_(pattern), meter_(meter) {}

  /// Matches at `at`: the end of the match. Raises usage for a malformed pattern. Empty as well once stopped().
  std::optional<size_t> match(size_t at);
  /// The budget was used up while matching.
  bool stopped() const { return stopped_; }

  int captures() const { return level_; }
  const Capture& capture(int index) const { return captures_[static_cast<size_t>(index)]; }

 private:
  using Result = std::optional<size_t>;

  Result follow(size_t s, size_t p);
  Result start_capture(size_t s, size_t p, ptrdiff_t what);
  Result end_capture(size_t s, size_t p);
  Result back_reference(size_t s, size_t p);
  Result balanced(size_t s, size_t p);
  Result at_most(size_t s, size_t p, size_t after);
  Result at_least(size_t s, size_t p, size_t after);

  size_t class_end(size_t p) const;
  bool single(size_t s, size_t p, size_t after);
  bool in_set(unsigned char c, size_t p, size_t close) const;
  bool frontier(size_t s, size_t p, size_t after) const;
  bool spend();

  bool has(size_t p) const { return p < pattern_.size(); }
  unsigned char pattern_at(size_t p) const { return static_cast<unsigned char>(pattern_[p]); }
  unsigned char subject_at(size_t s) const { return static_cast<unsigned char>(subject_[s]); }

  std::string_view subject_;
  std::string_view pattern_;
  Meter& meter_;
  uint64_t steps_ = 0;
  bool stopped_ = false;
  int depth_ = 0;
  int level_ = 0;
  std::array<Capture, kMostCaptures> captures_{};
};

/// One character against a class letter: %a %d ...; any other letter stands for itself.
bool in_class(unsigned char c, unsigned char letter);

}  // namespace cw::lua
