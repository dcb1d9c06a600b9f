// AES with a key set once and used often. Algorithms are fetched once per process, contexts are keyed once per object:
// re-keying costs more than a short message (docs/PERFORMANCE.md). The key may also be one of a token, which then does
// the work (pkcs11_ciphers_private.h) and may raise store: the token does not answer.
//
// Owner: whoever holds the key. Not thread-safe: one object, one thread at a time.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "base/secret.h"

namespace cw::crypto {

using Block16 = std::array<uint8_t, 16>;

class Aes {
 public:
  /// Key of 16, 24 or 32 bytes. Raises usage: another length.
  explicit Aes(const Secret& key);
  /// What does the work; private to this folder.
  class Engine;
  explicit Aes(std::unique_ptr<Engine> engine);
  Aes(Aes&&) noexcept;
  Aes& operator=(Aes&&) noexcept;
  ~Aes();

  size_t key_size() const;  // bytes

  /// CMAC (NIST SP 800-38B, RFC 4493) over the parts joined; 16 bytes.
  Block16 cmac(std::initializer_list<ByteView> parts) const;
  Block16 cmac(ByteView message) const { return cmac({message}); }

  /// CBC without padding; `data` a multiple of 16 bytes; `out` as long as `data`, may be the same memory.
  void cbc_encrypt(const Block16& iv, ByteView data, std::span<uint8_t> out) const;
  void cbc_decrypt(const Block16& iv, ByteView data, std::span<uint8_t> out) const;
  Bytes cbc_encrypt(const Block16& iv, ByteView data) const;
  Bytes cbc_decrypt(const Block16& iv, ByteView data) const;

  /// The same over a secret of whole blocks: the result is cipher text and no secret.
  Bytes cbc_encrypt(const Block16& iv, const Secret& data) const;

  /// One block, ECB.
  Block16 encrypt_block(const Block16& block) const;

  /// The secret padded with 80 00.. to whole blocks (ISO 9797-1 method 2), CBC encrypted.
  Bytes cbc_encrypt_padded(const Block16& iv, const Secret& data) const;

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace cw::crypto
