// Two- and three-key triple DES, as SCP01 and SCP02 use it. Same rules as Aes; the key may be a token's here too.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "base/secret.h"

namespace cw::crypto {

using Block8 = std::array<uint8_t, 8>;

class Des {
 public:
  /// Key of 16 bytes (K1 K2 K1) or 24. Raises usage: another length.
  explicit Des(const Secret& key);
  class Engine;
  explicit Des(std::unique_ptr<Engine> engine);
  Des(Des&&) noexcept;
  Des& operator=(Des&&) noexcept;
  ~Des();

  size_t key_size() const;  // bytes

  /// Full triple DES CBC MAC: 80-padded, last block; 8 bytes (GPCS B.1.2.1, SCP01 and SCP02 cryptograms).
  Block8 mac(const Block8& iv, std::initializer_list<ByteView> parts) const;
  /// Retail MAC: ISO 9797-1 algorithm 3, 80-padded; 8 bytes (GPCS B.1.2.2, SCP02 C-MAC).
  Block8 retail_mac(const Block8& iv, std::initializer_list<ByteView> parts) const;

  /// Without padding; `data` a multiple of 8 bytes.
  Bytes cbc_encrypt(const Block8& iv, ByteView data) const;
  Bytes cbc_decrypt(const Block8& iv, ByteView data) const;
  Bytes ecb_encrypt(ByteView data) const;
  Bytes ecb_decrypt(ByteView data) const;
  /// The same over a secret of whole blocks: the result is cipher text and no secret.
  Bytes cbc_encrypt(const Block8& iv, const Secret& data) const;
  Bytes ecb_encrypt(const Secret& data) const;

  /// One block under single DES with the first 8 bytes of the key (SCP02 C-MAC ICV encryption, GPCS E.3.4).
  Block8 single_encrypt(const Block8& block) const;
  /// One block under the whole key (SCP01 C-MAC ICV encryption, GPCS D.3.3).
  Block8 triple_encrypt(const Block8& block) const;

  /// The data padded with 80 00.. to whole blocks, CBC encrypted.
  Bytes cbc_encrypt_padded(const Block8& iv, ByteView data) const;
  Bytes cbc_encrypt_padded(const Block8& iv, const Secret& data) const;
  /// MACs over a public part followed by a secret one, both as above.
  Block8 mac(const Block8& iv, ByteView head, const Secret& tail) const;
  Block8 retail_mac(const Block8& iv, ByteView head, const Secret& tail) const;

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace cw::crypto
