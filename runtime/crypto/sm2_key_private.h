// An SM2 key that signs messages between parties (GM/T 0003.2, GB/T 32918.2): r | s, 32 bytes each, over SM3, with the
// identity that GM/T 0009 gives to those who have none of their own. Private to this folder.
#pragma once

#include <memory>

#include "crypto/signing_key.h"
#include "openssl_private.h"

namespace cw::crypto {

/// `key`: of the curve of SM2. `can_sign`: it has its private half.
std::shared_ptr<const SigningKey> make_sm2_key(PkeyPtr key, bool can_sign);

}  // namespace cw::crypto
