// Keys of a token that sign tokens, receipts and DAP blocks: RSA and ECC pairs under one label, and AES keys by CMAC.
// The private half stays in the token; what it signed is checked with the public one, here.
//
// Thread rule: as the token.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/signing_key.h"
#include "pkcs11_object_private.h"

namespace cw::crypto {

/// The pair of that label; null: there is none. Raises usage: two of that label, a curve that is none of ours; store.
std::shared_ptr<const SigningKey> token_pair(const std::shared_ptr<Pkcs11Token>& token, const std::string& label);

/// By CMAC. `key` as the store has it.
std::shared_ptr<const SigningKey> token_cmac(std::shared_ptr<Pkcs11Object> object, std::shared_ptr<const Key> key);

/// Labels of the private keys in the token.
std::vector<std::string> token_pairs(const std::shared_ptr<Pkcs11Token>& token);

}  // namespace cw::crypto
