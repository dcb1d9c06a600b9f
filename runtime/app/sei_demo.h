// All that a SEI-TSM needs to be tried out, in one folder: its file, keys, test certificates for it and for one tenant.
//
// Owner: the command. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <string>

namespace cw::app {

class SeiDemo {
 public:
  /// Fills the folder, or takes what an earlier demo left there. Raises usage: cannot write there.
  explicit SeiDemo(const std::filesystem::path& folder);

  std::filesystem::path file() const { return folder_ / "sei.json"; }
  /// How to reach it, for people.
  std::string guide(const std::string& address) const;

 private:
  void fill() const;

  std::filesystem::path folder_;
};

}  // namespace cw::app
