// What an Aes is made of: a key and its three operations, in software (aes.cc) or in a token.
//
// Owner: one Aes. One thread at a time.
#pragma once

#include "crypto/aes.h"

namespace cw::crypto {

class Aes::Engine {
 public:
  virtual ~Engine() = default;
  virtual size_t key_size() const = 0;
  virtual Block16 cmac(std::initializer_list<ByteView> parts) = 0;
  /// In place, whole blocks.
  virtual void cbc_encrypt(const Block16& iv, std::span<uint8_t> data) = 0;
  virtual void cbc_decrypt(const Block16& iv, std::span<uint8_t> data) = 0;
};

}  // namespace cw::crypto
