// A bundle as one file, to be carried, signed and put into a store: a tar archive of a manifest and the texts, and, if
// somebody signed it, the signature of the manifest and the certificates of who did. Each bundle has exactly one such
// file without a signature, and a file that differs from it in one bit is refused.
//
//   manifest.json       files with their SHA-256, the bundle's hash, the API
//   manifest.sig        signature of manifest.json } both, or
//   certificates.pem    the signer's, and its CAs' } neither
//   scripts/..., stdlib/...
//
// Plain values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/certified.h"
#include "engine/bundle.h"

namespace cw::engine {

struct BundleArchive {
  std::shared_ptr<const Bundle> bundle{};
  std::string manifest{};
  std::optional<crypto::Certified> signature{};  // of the manifest

  /// Raises script: a name, a text or a size that an archive cannot have. `bundle` has no flow files added.
  static BundleArchive of(std::shared_ptr<const Bundle> bundle);
  /// `origin`: for messages. Raises script: it is not exactly what write() gives. Whether the signature is right is not
  /// looked at.
  static BundleArchive read(ByteView archive, const std::string& origin);

  Bytes write() const;

  /// Puts a signature into it, in place of one that is there. Raises usage as crypto::sign_certified().
  void sign(const Secret& key_pem, std::string_view chain_pem);
  /// Who signed it, as of `now` (seconds since 1970). Raises script: nobody, or as crypto::verify_certified(); usage.
  crypto::Signer verify(std::string_view trust_pem, int64_t now, const std::string& origin) const;
};

/// How large a file of it can be.
inline constexpr size_t kBundleArchiveLimit = 32u << 20;

/// Every text compiles, and every flow loads. Raises script, budget: file, line and reason of the first that does not.
void check_scripts(const Bundle& bundle);

}  // namespace cw::engine
