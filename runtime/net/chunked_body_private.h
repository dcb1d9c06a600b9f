// A body in chunks (RFC 9112 7.1), taken apart as strictly as the head. Beast's own reader of chunks is not used: it
// asserts, and so aborts a program that is built with assertions, when a last chunk comes byte by byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/request_parser.h"
#include "net/server_limits.h"

namespace cw::net {

class ChunkedBody {
 public:
  explicit ChunkedBody(const RequestLimits& limits);

  /// Takes bytes up to the end of the body, puts its content into `body`, and says how many it took.
  size_t feed(std::string_view bytes, std::string& body);

  bool whole() const { return phase_ == Phase::whole; }
  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  enum class Phase { size, data, data_end, trailer, whole };

  void take(char c, size_t room);
  void end_line(size_t room);
  void begin_chunk(size_t room);
  void check_trailer();
  void refuse(int status, const char* why) { refusal_ = Refusal{status, why}; }

  const size_t body_bytes_;
  size_t framing_left_;  // bytes that are not content
  Phase phase_ = Phase::size;
  std::string line_{};
  bool after_cr_ = false;
  uint64_t left_ = 0;  // of the chunk
  std::optional<Refusal> refusal_{};
};

}  // namespace cw::net
