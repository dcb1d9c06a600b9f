// Session keys inside a token, as the ciphers of a channel.
#pragma once

#include "crypto/aes.h"
#include "crypto/des.h"
#include "pkcs11_object_private.h"

namespace cw::crypto {

Aes token_aes(std::shared_ptr<Pkcs11Object> key);

/// `parent` encrypts `first` to the first 8 bytes of `key`: where single DES with them is made from, if it is needed.
/// Null: the key is no session key, and does no single DES.
Des token_des(std::shared_ptr<Pkcs11Object> key, std::shared_ptr<Pkcs11Object> parent, ByteView first);

}  // namespace cw::crypto
