// Keys in a token (HSM, SoftHSM): names to keys that never enter the process.
//
// A key set is three secret keys of the token, labelled "<set>.enc", "<set>.mac" and "<set>.dek", or one master key,
// "<set>.master". A key with any other label is a single one; so is a key pair, RSA or ECC, which signs. What each is
// for, from when until when, and whether it was taken out of use stands in its attributes (pkcs11_mark_private.h), and
// is read at each use. Which keys there are is looked up once.
//
// Thread rule: safe from any thread; the token works for one at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "crypto/key_keeper.h"
#include "crypto/pkcs11_uri.h"

namespace cw::crypto {

class Pkcs11Session;
class Pkcs11Token;
class Pkcs11Key;
class Pkcs11Pair;
struct Pkcs11Mark;

class Pkcs11KeyStore : public KeyKeeper {
 public:
  /// Loads the module, logs in and reads what keys there are. Raises usage: module, token, PIN file or PIN.
  static std::shared_ptr<Pkcs11KeyStore> open(const Pkcs11Uri& uri, Clock now = {});
  ~Pkcs11KeyStore() override;

  // Each raises store: the token does not answer; usage as check_use, no such key, two keys of one label, a set that is
  // not whole or whose three keys differ in their attributes.

  KeySet find(std::string_view name) const override;
  /// A KEK.
  std::shared_ptr<const Key> find_key(std::string_view name) const override;
  /// A key pair under that label, RSA or ECC, or an AES key, which signs by CMAC.
  std::shared_ptr<const SigningKey> find_signing_key(std::string_view name,
                                                     SigningUse use = SigningUse::any) const override;
  std::vector<std::string> names() const override;

  std::vector<KeyRecord> records() const override;
  KeyRecord record(std::string_view name) const override;
  std::vector<std::shared_ptr<const Key>> keys_of(std::string_view name) const override;

  /// Raises usage also: a pair, which a token's own tools take in.
  KeyRecord put(NewKey key) override;
  /// Made in the token.
  KeyRecord generate(KeyRecord record, bool exportable) override;
  /// What a key is for that other tools put there, or from when until when; `wanted` as for generate(). Raises usage:
  /// it is for something else, its label says another kind, it was taken out of use.
  KeyRecord assign(const KeyRecord& wanted);
  KeyRecord archive(std::string_view name) override;
  KeyRecord revoke(std::string_view name) override;
  /// Nothing of it stays in the token.
  KeyRecord destroy(std::string_view name) override;

 private:
  struct Found {
    std::shared_ptr<const Pkcs11Key> key;
    unsigned long handle = 0;  // CK_OBJECT_HANDLE
    size_t count = 1;          // objects of this label
  };
  struct Held;
  /// A set and a single key may have one name, where other tools put them there: which of them.
  enum class Kind : uint8_t { any, set, single };

  Pkcs11KeyStore(std::shared_ptr<Pkcs11Token> token, Clock now);
  void read_all() const;
  std::optional<Found> at(const std::string& label) const;
  std::shared_ptr<const Pkcs11Pair> pair_at(const std::string& label) const;
  /// What has this name, as the token has it now.
  std::optional<Held> held(const std::string& name, Kind kind) const;
  void read_marks(Held& out, bool set) const;
  Held need(std::string_view name, Kind kind) const;
  KeyRecord with_check_values(const Held& held) const;
  void refuse_taken(const KeyRecord& record) const;
  KeyRecord make(const KeyRecord& record, bool exportable, const std::vector<Secret>& values);
  static std::vector<unsigned long> objects_of(Pkcs11Session& session, const Held& held);
  void write(const Held& held, const Pkcs11Mark& mark);
  KeyRecord take_out_of_use(std::string_view name, KeyState state);

  std::shared_ptr<Pkcs11Token> token_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Found> found_{};                              // by label
  mutable std::map<std::string, std::shared_ptr<const Pkcs11Pair>> pairs_{};  // null: not asked for yet
};

}  // namespace cw::crypto
