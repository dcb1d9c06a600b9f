// Hashes and random bytes.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/secret.h"

namespace cw::crypto {

enum class Hash { sha1, sha256, sha384, sha512 };

/// 20, 32, 48 or 64 bytes.
Bytes digest(Hash hash, ByteView data);

/// Bytes of the system's generator. Raises internal if there are none.
Bytes random_bytes(size_t count);
/// For keys: never seen outside crypto/.
Secret random_secret(size_t count);

/// Same bytes, in time that does not depend on where they differ.
bool constant_time_equal(ByteView a, ByteView b);
/// For vectors and tests: whether the secret is these bytes.
bool matches(const Secret& secret, ByteView expected);

/// Whether the bytes of the secret are somewhere in `text`; an empty one is nowhere.
bool occurs_in(const Secret& secret, ByteView text);

/// Whether two secrets are the same bytes, in the same way.
bool same(const Secret& a, const Secret& b);

/// The first `count` bytes. Raises internal: the secret is shorter.
Secret prefix(const Secret& secret, size_t count);
/// The secret with `pad` once (if not negative), then zeros up to whole blocks.
Secret padded(const Secret& secret, size_t block, int pad = -1);

/// The parts joined; a part is a public view or a secret.
struct SecretPiece {
  ByteView bytes{};
  const Secret* secret = nullptr;  // taken instead of `bytes` when set
};
Secret join(const std::vector<SecretPiece>& parts);

}  // namespace cw::crypto
