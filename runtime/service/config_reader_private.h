// One object of the configuration, read key by key: what is wrong is noted and reading goes on.
//
// Owner: whoever reads. Thread rule: one thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace cw::service {

class ConfigReader {
 public:
  /// `path`: "doors.operator", empty for the whole; `problems` is borrowed.
  ConfigReader(const nlohmann::json& value, std::string path, std::vector<std::string>& problems);

  /// Nothing: it is not there, or is no object.
  std::optional<ConfigReader> object(const std::string& key);
  /// Empty: it is not there. Never an empty one that is.
  std::string text(const std::string& key, bool required = false);
  int64_t number(const std::string& key, int64_t otherwise, int64_t least, int64_t most);
  /// The number of the word among `words`.
  size_t one_of(const std::string& key, const std::vector<std::string>& words, size_t otherwise);
  std::vector<std::string> texts(const std::string& key, bool required);
  /// All keys: the file's author chose them.
  std::vector<std::string> keys() const;

  bool has(const std::string& key) const { return value_.is_object() && value_.contains(key); }
  bool is_object(const std::string& key) const { return has(key) && value_.at(key).is_object(); }
  void problem(const std::string& key, const std::string& what);
  /// Keys that nobody asked for are mistakes.
  void finish();

 private:
  const nlohmann::json* find(const std::string& key, bool required);
  std::string path_of(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

  const nlohmann::json& value_;
  std::string path_;
  std::vector<std::string>& problems_;
  std::set<std::string> known_{};
};

}  // namespace cw::service
