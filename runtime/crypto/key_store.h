// Key custody: names to keys. Scripts and policies see names; only this folder sees bytes.
//
// The software store is a text file that only its owner may read:
//
//   # comments and empty lines
//   [isd]
//   type    = aes              des or aes
//   version = 30               key version number, hex; 00 lets the card choose
//   enc     = 404142...        hex
//   mac     = ...
//   dek     = ...
//
//   [acme/transit.sd]        an owner's (engine/owner_keys.h)
//   ...
//
//   [acme.master]
//   type            = des
//   master          = 4041...  instead of enc, mac, dek
//   diversification = visa2    none visa2 emv kdf3 gemvisa
//
//   [issuer.token]             a single key, which signs tokens, receipts or DAP blocks
//   type    = rsa              rsa, ec, sm2, aes or des
//   private = token.pem        PEM file beside this one, that only its owner may read
//
//   [issuer.receipt]
//   type    = ec
//   curve   = p256             p256 p384 p521, with hex
//   public  = 04A1...          public alone: it verifies; hex, or a PEM file
//
//   [acme.kek]                 AES or DES: it also wraps other keys
//   type = aes
//   key  = 4041...
//
//   [acme.messages]            signs messages between parties, and nothing else
//   type    = aes
//   key     = 4041...
//   purpose = message
//
// Of RSA also modulus, exponent and, to sign, private in hex; of ECC private in hex; of AES and DES key in hex.
//
// Thread rule: immutable after loading.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/key_record.h"
#include "crypto/signing_key.h"

namespace cw::crypto {

class KeyStore {
 public:
  virtual ~KeyStore() = default;
  /// Raises usage: no such set; names the sets whose names are near.
  virtual KeySet find(std::string_view name) const = 0;
  /// Raises usage: no such key that signs or verifies; a store may have none at all.
  virtual std::shared_ptr<const SigningKey> find_signing_key(std::string_view name,
                                                             SigningUse use = SigningUse::any) const;
  /// Of everything in it.
  virtual std::vector<std::string> names() const = 0;
  /// One single key beside the sets, that other keys are wrapped under: a KEK, a transport key. Raises usage: no such
  /// key, or one that only signs; names those that are near.
  virtual std::shared_ptr<const Key> find_key(std::string_view name) const;
  /// A key that signs messages between parties, or checks them: where the store knows what its keys are for, one of
  /// those.
  std::shared_ptr<const SigningKey> find_message_key(std::string_view name) const;
  /// Raises usage: nobody may use it now, whatever for; a store that does not know of that raises nothing.
  virtual void want_usable(std::string_view name) const;

 protected:
  virtual bool knows_purposes() const { return false; }
};

class FileKeyStore : public KeyStore {
 public:
  /// Raises usage, naming file and line and never a value: mode lets others read, unknown or missing field, key of a
  /// wrong length, name twice.
  static FileKeyStore load(const std::filesystem::path& path);
  /// The same text from memory; `origin` names it in errors, `folder` is where its PEM files are.
  static FileKeyStore parse(const Secret& text, std::string_view origin, const std::filesystem::path& folder = {});

  KeySet find(std::string_view name) const override;
  std::shared_ptr<const SigningKey> find_signing_key(std::string_view name,
                                                     SigningUse use = SigningUse::any) const override;
  std::vector<std::string> names() const override;

 private:
  struct NamedSigningKey {
    std::string name{};
    std::shared_ptr<const SigningKey> key{};
    bool for_messages = false;
  };

  std::vector<KeySet> sets_;
  std::vector<NamedSigningKey> signing_keys_;
};

}  // namespace cw::crypto
