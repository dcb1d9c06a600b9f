// What a Des is made of: a key and its operations, in software (des.cc) or in a token.
//
// Owner: one Des. One thread at a time.
#pragma once

#include "crypto/des.h"

namespace cw::crypto {

class Des::Engine {
 public:
  virtual ~Engine() = default;
  virtual size_t key_size() const = 0;
  /// In place, whole blocks.
  virtual void cbc_encrypt(const Block8& iv, std::span<uint8_t> data) = 0;
  virtual void cbc_decrypt(const Block8& iv, std::span<uint8_t> data) = 0;
  /// Single DES with the first 8 bytes of the key. Raises usage: a token's key that is no session key.
  virtual void single_cbc_encrypt(const Block8& iv, std::span<uint8_t> data) = 0;
};

}  // namespace cw::crypto
