#include "base/secret.h"

#include <utility>

#include <string.h>

namespace cw {

void wipe(void* data, size_t size) {
  if (size != 0) explicit_bzero(data, size);
}

Secret Secret::take(Bytes&& source) {
  Secret out;
  out.bytes_ = std::move(source);
  source.clear();
  return out;
}

Secret Secret::copy(ByteView source) {
  Secret out;
  out.bytes_.assign(source.begin(), source.end());
  return out;
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(bytes_);
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

Secret::~Secret() { wipe(bytes_); }

}  // namespace cw
