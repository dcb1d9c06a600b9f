// Certificates to try things out with: an authority that lives in a folder, and what it vouches for. Elliptic curve
// P-256, made when asked for. Not for operation: the authority's key lies beside what it signs.
//
// Owner: the caller. Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cw::net {

struct PemFiles {
  std::filesystem::path certificate{};  // mode 0644
  std::filesystem::path key{};          // mode 0600
};

struct DemoCertificate {
  std::string name{};                // of its files, and the common name
  std::vector<std::string> hosts{};  // of a server: names and numbers that clients call it by; empty: a client
  std::vector<std::string> uris{};
  std::chrono::hours lasts{24 * 365};  // from an hour ago; a negative one is over already
};

class DemoAuthority {
 public:
  /// Makes the folder (mode 0700) if it is not there, and in it authority.pem and authority.key. Raises usage: cannot
  /// write there.
  explicit DemoAuthority(std::filesystem::path folder);
  ~DemoAuthority();
  DemoAuthority(const DemoAuthority&) = delete;
  DemoAuthority& operator=(const DemoAuthority&) = delete;

  const PemFiles& files() const { return files_; }
  /// Writes name.pem and name.key. Raises usage: as above.
  PemFiles issue(const DemoCertificate& what) const;

 private:
  class Signer;
  std::filesystem::path folder_;
  PemFiles files_;
  std::unique_ptr<Signer> signer_;
};

}  // namespace cw::net
