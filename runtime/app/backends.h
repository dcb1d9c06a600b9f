// Who we are to backends, and which certificates we believe: the file that CARDWRIGHT_BACKENDS names.
//
//   { "https://sei.acme.example/sei/v1/": { "ca": "acme-ca.pem", "certificate": "us.pem", "key": "us.key" } }
//
// Names of files are those beside it. A URL that no entry is a beginning of is called as before: with no certificate of
// ours, and what the system trusts.
//
// Owner: whoever starts runs. Immutable.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/local_outside.h"
#include "net/http_client.h"

namespace cw::app {

class Backends {
 public:
  Backends() = default;
  /// Raises usage, naming file and entry: it cannot be read, is no such JSON, or names a file that is not there.
  static Backends load(const std::filesystem::path& file);
  /// That of CARDWRIGHT_BACKENDS, else none. Raises as load.
  static Backends configured();

  /// For a call of this URL: the entry with the longest beginning of it.
  net::HttpLimits limits(const std::string& url) const;
  /// What carries out a run's calls. Copies what it needs.
  engine::HttpTransport transport() const;

 private:
  struct Access {
    std::string ca{};
    std::string revoked{};
    std::string certificate{};
    std::string key{};
  };
  std::map<std::string, Access> access_;  // by beginning of a URL
};

}  // namespace cw::app
