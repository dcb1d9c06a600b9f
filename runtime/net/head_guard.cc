#include "head_guard_private.h"

namespace cw::net {

size_t HeadGuard::feed(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && !whole_ && !refusal_) take(bytes[taken++]);
  return taken;
}

void HeadGuard::take(char c) {
  if (text_.size() == limits_.head_bytes) {
    if (lines_ == 0) return refuse(414, "the request line is too long");
    return refuse(431, "the headers are too long");
  }
  text_.push_back(c);
  if (after_cr_) {
    after_cr_ = false;
    if (c != '\n') return refuse(400, "a carriage return without a line feed");
    return end_line();
  }
  if (c == '\r') {
    after_cr_ = true;
    return;
  }
  if (c == '\n') return refuse(400, "a line feed without a carriage return");
  if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return refuse(400, "a control character");
  if (line_bytes_ == 0 && (c == ' ' || c == '\t')) return refuse(400, "a line that begins with a blank");
  line_bytes_ += 1;
}

void HeadGuard::end_line() {
  if (line_bytes_ == 0 && lines_ == 0) {
    // RFC 9112 2.2: one empty line before a request is a leftover of the body before it.
    if (skipped_empty_) return refuse(400, "empty lines before the request");
    skipped_empty_ = true;
    text_.clear();
    return;
  }
  if (line_bytes_ == 0) {
    whole_ = true;
    return;
  }
  line_bytes_ = 0;
  lines_ += 1;
  if (lines_ > limits_.headers + 1) refuse(431, "too many headers");
}

}  // namespace cw::net
