#include <algorithm>
#include <charconv>

#include "chunked_body_private.h"
#include "net/headers.h"

namespace cw::net {

namespace {

constexpr size_t kLine = 1024;
constexpr const char* kNoChunk = "a chunk that is none";

}  // namespace

// Short chunks and long extensions are no way around the limit of the body: what is around it has a limit, too.
ChunkedBody::ChunkedBody(const RequestLimits& limits)
    : body_bytes_(limits.body_bytes), framing_left_(limits.body_bytes + (64u << 10)) {}

size_t ChunkedBody::feed(std::string_view bytes, std::string& body) {
  size_t taken = 0;
  while (taken < bytes.size() && !whole() && !refusal_) {
    if (phase_ != Phase::data) {
      take(bytes[taken++], body_bytes_ - body.size());
      continue;
    }
    const auto now = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - taken));
    body.append(bytes.substr(taken, now));
    taken += now;
    left_ -= now;
    if (left_ == 0) phase_ = Phase::data_end;
  }
  return taken;
}

void ChunkedBody::take(char c, size_t room) {
  if (framing_left_ == 0) return refuse(400, "more chunks than body");
  framing_left_ -= 1;
  if (after_cr_) {
    after_cr_ = false;
    if (c != '\n') return refuse(400, kNoChunk);
    return end_line(room);
  }
  if (c == '\r') {
    after_cr_ = true;
    return;
  }
  if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return refuse(400, kNoChunk);
  if (phase_ == Phase::data_end) return refuse(400, "a chunk that is longer than it says");
  if (line_.size() == kLine) return refuse(400, "the line of a chunk is too long");
  line_.push_back(c);
}

void ChunkedBody::end_line(size_t room) {
  switch (phase_) {
    case Phase::size:
      begin_chunk(room);
      break;
    case Phase::data_end:
      phase_ = Phase::size;
      break;
    case Phase::trailer:
      check_trailer();
      break;
    case Phase::data:
    case Phase::whole:
      break;
  }
  line_.clear();
}

void ChunkedBody::begin_chunk(size_t room) {
  uint64_t size = 0;
  const char* const last = line_.data() + line_.size();
  const auto [end, error] = std::from_chars(line_.data(), last, size, 16);
  // An extension is allowed, and nobody here knows one.
  const bool has_sign = !line_.empty() && line_.front() == '-';
  if (has_sign || error != std::errc() || (end != last && *end != ';')) return refuse(400, kNoChunk);
  if (size > room) return refuse(413, "the body is too long");
  left_ = size;
  phase_ = size == 0 ? Phase::trailer : Phase::data;
}

/// Trailers are dropped: none may pass for a header. Those that would change where the body ends are refused.
void ChunkedBody::check_trailer() {
  if (line_.empty()) {
    phase_ = Phase::whole;
    return;
  }
  const std::string_view name = std::string_view(line_).substr(0, line_.find(':'));
  if (name.size() == line_.size() || !is_token(name)) return refuse(400, "a trailer that is none");
  for (const std::string_view never : {"Content-Length", "Transfer-Encoding", "Host"}) {
    if (same_word(name, never)) return refuse(400, "a trailer that may not be one");
  }
}

}  // namespace cw::net
