// How a server proves who it is over TLS, and what it asks of its clients: certificates, or keys shared beforehand.
//
// Plain values; files are read when a server starts or reloads.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace cw::net {

enum class ClientCertificates { none, asked, demanded };

struct TlsSetup {
  std::filesystem::path certificate{};                    // PEM: the server's, then those that vouch for it
  std::filesystem::path key{};                            // PEM; a file that others can read is refused
  ClientCertificates clients = ClientCertificates::none;  // one that is sent must be good, asked or demanded
  std::vector<std::filesystem::path> authorities{};       // PEM: who may vouch for clients
  std::filesystem::path
      revoked{};  // PEM: a revocation list of each of them, and of those between; empty: none is asked

  /// Instead of all above: TLS-PSK. The key of an identity, or nothing for one that is not known. Called from the
  /// server's threads; quick.
  std::function<std::optional<Secret>(std::string_view identity)> shared_key{};
};

}  // namespace cw::net
