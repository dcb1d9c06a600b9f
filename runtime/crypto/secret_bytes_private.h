// The one way to the bytes of a Secret. Private to this folder: no other folder of runtime/ can include it.
#pragma once

#include <span>

#include "base/error.h"
#include "base/secret.h"

namespace cw::crypto {

class SecretBytes {
 public:
  /// Borrowed; valid as long as the secret.
  static ByteView view(const Secret& secret) { return secret.bytes_; }
  static std::span<uint8_t> writable(Secret& secret) { return secret.bytes_; }
  static Secret zeros(size_t size) { return Secret::take(Bytes(size)); }
};

/// What is to become cipher text in place may be a secret until it is: a token that fails leaves nothing of it behind.
template <typename Encrypt>
void encrypt_or_wipe(Bytes& data, const Encrypt& encrypt) {
  try {
    encrypt();
  } catch (const Error&) {
    wipe(data);
    throw;
  }
}

}  // namespace cw::crypto
