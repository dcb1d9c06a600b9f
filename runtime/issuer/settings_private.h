// One object of the issuer's file, read name by name: what is wrong is noted, and reading goes on.
//
// Owner: whoever reads. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "net/tls_setup.h"

namespace cw::issuer {

class Settings {
 public:
  /// `place`: "tenants.acme", empty for the whole; both others are borrowed.
  Settings(const nlohmann::json& value, std::string place, std::vector<std::string>& problems);

  /// Empty: it is not there.
  std::string text(const std::string& name, bool required = false);
  std::vector<std::string> texts(const std::string& name, bool required = false);
  /// Hexadecimal digits of so many bytes.
  Bytes hex(const std::string& name, bool required, size_t least, size_t most);
  int64_t number(const std::string& name, int64_t otherwise, int64_t least, int64_t most);
  bool flag(const std::string& name, bool otherwise);
  /// The number of the word among `words`.
  size_t one_of(const std::string& name, const std::vector<std::string>& words, size_t otherwise);
  /// Calls `read` with an object that is there.
  void object(const std::string& name, bool required, const std::function<void(Settings&)>& read);
  /// Calls `read` with each object of a list, or of an object whose names its author chose, and that name.
  void each(const std::string& name, bool required, const std::function<void(const std::string&, Settings&)>& read);

  bool has(const std::string& name) const { return value_.contains(name); }
  std::vector<std::string> names() const;
  void problem(const std::string& name, const std::string& what);
  /// Names that nobody asked for are mistakes.
  void finish();

 private:
  const nlohmann::json* find(const std::string& name, bool required);

  const nlohmann::json& value_;
  std::string place_;
  std::vector<std::string>& problems_;
  std::set<std::string> known_{};
};

/// The file that is named there, as seen from `folder`; empty: it is not there.
std::filesystem::path read_file_name(Settings& from, const std::string& name, const std::filesystem::path& folder,
                                     bool required = false);
/// "keys", a key store: a file, or the pkcs11: URI of a token.
std::filesystem::path read_key_store_name(Settings& from, const std::filesystem::path& folder);
/// Certificate and key of a server, and who vouches for its clients.
net::TlsSetup read_tls(Settings& from, const std::filesystem::path& folder);
/// "subject", of a client's certificate.
std::string read_subject(Settings& from, bool required);

}  // namespace cw::issuer
