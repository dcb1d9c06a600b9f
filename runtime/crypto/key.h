// A long-lived key in custody: it can be used and never read. Software keys implement it here; PKCS#11 keys are to
// implement the same, with derivation inside the token.
//
// Shared between runs; implementations are safe to call from several threads.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace cw::crypto {

/// Key types with the values of GPCS table 11-16.
enum class KeyType : uint8_t { des = 0x80, aes = 0x88 };

class Key {
 public:
  virtual ~Key() = default;

  virtual KeyType type() const = 0;
  virtual size_t size() const = 0;  // bytes: 16 or 24 (DES), 16, 24 or 32 (AES)

  /// Key check value, 3 bytes: DES over 8 x 00, AES over 16 x 01 (GPCS B.6, Amd D).
  virtual Bytes kcv() const = 0;

  /// SP 800-108 counter mode with CMAC, laid out as Amd D 4.1.5: a session key, `bits` long.
  virtual Secret derive_scp03_key(uint8_t constant, ByteView context, unsigned bits) const = 0;
  /// The same for values that are not keys: cryptograms and pseudo-random challenges.
  virtual Bytes derive_scp03_data(uint8_t constant, ByteView context, unsigned bits) const = 0;
  /// GPCS E.4.1: 3DES-CBC with zero IV over constant, counter, zeros; 16 bytes.
  virtual Secret derive_scp02_key(uint16_t constant, uint16_t sequence_counter) const = 0;
  /// ECB over `data` (multiple of the block), result used as a key: SCP01 session keys, diversification.
  virtual Secret encrypt_to_secret(ByteView data) const = 0;
  /// CMAC over `data`, result used as (part of) a key: kdf3.
  virtual Secret cmac_to_secret(ByteView data) const = 0;
  /// A copy of the key bytes for use inside crypto/ and secure channels (static DEK of SCP01, SCP03). A token that
  /// does not let its keys out raises usage here and offers wrap_key instead.
  virtual Secret material() const = 0;
};

/// Raises usage: a length the type does not have.
std::shared_ptr<const Key> make_key(KeyType type, const Secret& bytes);

/// Three keys of one version, GPCS 4.1: what a secure channel is opened with.
struct KeySet {
  std::string name{};   // handle that scripts see
  uint8_t version = 0;  // key version number; 0: whatever the card takes as default
  std::shared_ptr<const Key> enc{};
  std::shared_ptr<const Key> mac{};
  std::shared_ptr<const Key> dek{};
  std::string diversification{};  // empty: keys as they are; else the three are one master key to diversify
};

}  // namespace cw::crypto
