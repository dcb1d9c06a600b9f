// All that a service needs to be tried out, in one folder: a configuration, an empty store's place, test certificates.
//
// Owner: the command. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <string>

#include "service/door.h"

namespace cw::app {

class ServeDemo {
 public:
  /// Fills the folder, or takes what an earlier demo left there; empty: a temporary one, taken away at the end. Raises
  /// usage: cannot write there.
  explicit ServeDemo(const std::filesystem::path& folder);
  ~ServeDemo();
  ServeDemo(const ServeDemo&) = delete;
  ServeDemo& operator=(const ServeDemo&) = delete;

  std::filesystem::path configuration() const { return folder_ / "serve.json"; }
  /// How to reach it, for people. `addresses`: of the doors, by name.
  std::string guide(const std::map<std::string, std::string>& addresses) const;

 private:
  void fill() const;

  std::filesystem::path folder_;
  bool temporary_ = false;
};

}  // namespace cw::app
