// Keys of a token that sign tokens, receipts and DAP blocks: RSA and ECC pairs under one label, and AES keys by CMAC.
// The private half stays in the token; what it signed is checked with the public one, here.
//
// Thread rule: as the token.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crypto/signing_key.h"
#include "pkcs11_mark_private.h"
#include "pkcs11_object_private.h"

namespace cw::crypto {

class Pkcs11Pair : public SigningKey {
 public:
  /// Of its private half. Raises store: it is there no more.
  virtual CK_OBJECT_HANDLE handle(Pkcs11Session& session) const = 0;
  virtual bool is_at(CK_OBJECT_HANDLE handle, uint64_t login) const = 0;
};

/// The pair of that label; null: there is none. Raises usage: two of that label, a curve that is none of ours; store.
std::shared_ptr<const Pkcs11Pair> token_pair(const std::shared_ptr<Pkcs11Token>& token, const std::string& label);

/// A new one, both halves with that mark, and where they are; `name` and `size` as of generate_pair(). Raises usage: a
/// kind that tokens do not make.
std::vector<CK_OBJECT_HANDLE> generate_token_pair(Pkcs11Session& session, const std::string& label,
                                                  const std::string& name, size_t size, const Pkcs11Mark& mark);

/// By CMAC. `key` as the store has it.
std::shared_ptr<const SigningKey> token_cmac(std::shared_ptr<Pkcs11Object> object, std::shared_ptr<const Key> key);

/// The private keys in the token, by label; of those labelled alike, one.
std::map<std::string, CK_OBJECT_HANDLE> token_pairs(Pkcs11Session& session);

}  // namespace cw::crypto
