// A PostgreSQL of a story's own, which it may halt and stop: the others go on with theirs (tools/postgres.sh).
#pragma once

#include <filesystem>
#include <string>

namespace cw::store {

class OwnServer {
 public:
  /// In a folder below `folder`. What went wrong is in trouble().
  explicit OwnServer(const std::filesystem::path& folder);
  ~OwnServer();
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;

  /// Empty: it runs.
  const std::string& trouble() const { return trouble_; }
  const std::string& url() const { return url_; }

  /// halt_postgres and its like. Whether that went well.
  bool does(const std::string& command) const;

 private:
  int shell(const std::string& command) const;

  std::filesystem::path folder_;
  std::string state_;  // that the functions of the script keep
  std::string url_;
  std::string trouble_;
};

}  // namespace cw::store
