// Bytes that must not be seen: keys, PINs, personal data. Wiped when dropped, cannot be copied, printed, compared or
// turned into a string. Only crypto/ can read them, through a header that no other folder can include
// (crypto/secret_bytes_private.h).
//
// Thread rule: as a std::vector; share a const Secret freely.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace cw {

namespace crypto {
class SecretBytes;
}

class Secret {
 public:
  Secret() = default;
  /// Takes the bytes over and leaves `source` empty; the caller holds no copy.
  static Secret take(Bytes&& source);
  /// Copies; for bytes that the caller wipes by itself (wipe()).
  static Secret copy(ByteView source);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret clone() const { return copy(bytes_); }
  /// Number of bytes: not secret, it travels in every command.
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  friend class crypto::SecretBytes;
  Bytes bytes_;
};

/// Overwrites memory in a way the compiler keeps.
void wipe(void* data, size_t size);
inline void wipe(Bytes& bytes) { wipe(bytes.data(), bytes.size()); }

}  // namespace cw
