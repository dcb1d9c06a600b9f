// The data encryption key of a channel: ECB under a DES key (GPCS D.3, E.4.7), CBC with zero ICV under an AES key
// (Amd D 6.2.8).
#pragma once

#include <memory>

#include "crypto/key.h"

namespace cw::gp {

class Dek {
 public:
  /// `key` is static for SCP01 and SCP03 and a session key for SCP02; may be missing until it is used.
  explicit Dek(std::shared_ptr<const crypto::Key> key) : key_(std::move(key)) {}

  /// The key's bytes as encrypt_data does it: only AES-192 and three-key DES under AES get padding. Raises usage: no
  /// DEK, or a token keeps the key and cannot wrap it so.
  Bytes encrypt_key(const crypto::Key& key) const;
  /// 80-padded, unless it has whole blocks. Raises usage: no DEK.
  Bytes encrypt_data(const Secret& data) const;

 private:
  size_t block() const;
  const crypto::Key& key() const;

  std::shared_ptr<const crypto::Key> key_;
};

}  // namespace cw::gp
