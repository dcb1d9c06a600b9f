// Keys in a token (HSM, SoftHSM): names to keys that never enter the process.
//
// A key set is three secret keys of the token, labelled "<set>.enc", "<set>.mac" and "<set>.dek", or one master key,
// "<set>.master". CKA_ID has the key version number in its first byte, and the diversification (visa2 emv kdf3 gemvisa)
// in the others. A key with any other label is a single one; so is a key pair, RSA or ECC, which signs. What is there
// is looked up once.
//
// Thread rule: safe from any thread; the token works for one at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "crypto/key_store.h"
#include "crypto/pkcs11_uri.h"

namespace cw::crypto {

class Pkcs11Token;
class Pkcs11Key;

class Pkcs11KeyStore : public KeyStore {
 public:
  /// Loads the module, logs in and reads what keys there are. Raises usage: module, token, PIN file or PIN.
  static std::shared_ptr<Pkcs11KeyStore> open(const Pkcs11Uri& uri);
  ~Pkcs11KeyStore() override;

  /// Raises store: the token does not answer; usage: no such set, two keys of one label, versions that differ.
  KeySet find(std::string_view name) const override;
  std::vector<std::string> names() const override;
  std::shared_ptr<const Key> find_key(std::string_view name) const override;
  /// A key pair under that label, RSA or ECC, or an AES key, which signs by CMAC.
  std::shared_ptr<const SigningKey> find_signing_key(std::string_view name,
                                                     SigningUse use = SigningUse::any) const override;
  /// Of key sets, and of single keys.
  std::vector<std::string> set_names() const;
  std::vector<std::string> key_names() const;

  /// How the token keeps what comes in.
  struct Keeping {
    uint8_t version = 0;
    std::string diversification{};
    bool extractable = false;  // may leave under another key: what is to be put onto cards
  };
  /// A new key of the token under that label. Raises usage: there is one.
  void put(const std::string& label, const Key& key, const Keeping& keeping);
  void generate(const std::string& label, KeyType type, size_t size, const Keeping& keeping);
  /// Raises usage: no such label.
  void destroy(const std::string& label);

 private:
  struct Found {
    std::shared_ptr<const Pkcs11Key> key;
    Bytes id;
    size_t count = 1;  // objects of this label
  };

  explicit Pkcs11KeyStore(std::shared_ptr<Pkcs11Token> token) : token_(std::move(token)) {}
  void read_all() const;
  std::optional<Found> at(const std::string& label) const;
  void refuse_taken(const std::string& label) const;
  void refuse_part_of_set(const std::string& label) const;

  std::shared_ptr<Pkcs11Token> token_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Found> found_{};                              // by label
  mutable std::map<std::string, std::shared_ptr<const SigningKey>> pairs_{};  // null: not asked for yet
};

}  // namespace cw::crypto
