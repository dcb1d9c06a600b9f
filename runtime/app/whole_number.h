// What an option that takes a whole number is checked by. CLI11 has such checks, but counts in floating point: it lets
// -1 through to become a very large number, or names 1.8e308 with all its digits as the largest.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

namespace cw::app {

class WholeNumber : public CLI::Validator {
 public:
  explicit WholeNumber(uint64_t least = 0)
      : CLI::Validator(
            [least](std::string& text) {
              uint64_t value = 0;
              const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
              const bool good = result.ec == std::errc() && result.ptr == text.data() + text.size() && value >= least;
              return good ? "" : "a whole number from " + std::to_string(least) + " on, not " + text;
            },
            "") {}
};

}  // namespace cw::app
