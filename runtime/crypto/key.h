// A long-lived key in custody: it can be used and never read. Software keys implement it in key.cc; those of a token
// (pkcs11_store.h) do the same inside the token.
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

/// How a key becomes another one.
enum class Derivation : uint8_t {
  ecb,   // the data encrypted block by block: visa2, emv, gemvisa
  cbc,   // the data encrypted in CBC with zero IV: SCP02
  cmac,  // a CMAC of each 16 bytes of the data, joined and cut to the key's size: kdf3
};

/// How a key travels under another one (key_wrap.h).
enum class WrapForm : uint8_t {
  aes_key_wrap,  // RFC 3394
  aes_cbc,       // AES-CBC with zero IV, as under an AES DEK
  des_ecb,       // 3DES-ECB, as under a DES DEK
};

class Aes;
class Des;

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
  /// A copy of the key bytes, for use inside crypto/. Raises usage: the key is in a token that keeps it.
  virtual Secret material() const = 0;

  // What follows a token does inside. For software keys it is made of the functions above.

  /// Session keys of one channel, ready for use: SCP03 as derive_scp03_key, as long as this key; SCP02 as
  /// derive_scp02_key; SCP01 by ECB over `data`.
  virtual Aes scp03_session(uint8_t constant, ByteView context) const;
  virtual Des scp02_session(uint16_t constant, uint16_t sequence_counter) const;
  virtual Des scp01_session(ByteView data) const;
  /// Another key of this type.
  virtual std::shared_ptr<const Key> derive(Derivation how, ByteView data) const;

  /// What a DEK does with whole blocks: DES in ECB, AES in CBC with zero IV.
  virtual Bytes encrypt(const Secret& blocks) const;
  virtual Secret decrypt(ByteView blocks) const;
  /// `key` under this one; its type must be that of the form. Unless it has whole blocks, 80 00.. follow it.
  virtual Bytes wrap(WrapForm form, const Key& key) const;
  /// The way back, `size` bytes of it. Raises usage: the integrity check of RFC 3394 failed.
  virtual std::shared_ptr<const Key> unwrap(WrapForm form, KeyType type, size_t size, ByteView wrapped) const;
};

/// Raises usage: a length the type does not have.
std::shared_ptr<const Key> make_key(KeyType type, const Secret& bytes);

/// Whether both are the same key, as far as type, size and two blocks that they encrypt can tell.
bool same_key(const Key& a, const Key& b);

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
