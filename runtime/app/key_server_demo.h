// All that a key server needs to be tried out, in one folder: its file, keys, test certificates for it and for one TSM.
//
// Owner: the command. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <string>

namespace cw::app {

class KeyServerDemo {
 public:
  /// Fills the folder, or takes what an earlier demo left there. Raises usage: cannot write there.
  explicit KeyServerDemo(const std::filesystem::path& folder);

  std::filesystem::path file() const { return folder_ / "keyserver.json"; }
  /// How to reach it, for people.
  std::string guide(const std::string& address) const;

 private:
  void fill() const;

  std::filesystem::path folder_;
};

}  // namespace cw::app
