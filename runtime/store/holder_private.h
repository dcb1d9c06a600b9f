// Who holds a run: a process on a machine, so that another process can tell whether it is still there.
//
// Thread rule: values; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace cw::store {

struct Holder {
  int64_t pid = 0;
  std::string started{};  // of the process, in ticks since boot: tells it from a later one with its PID
  std::string boot{};     // boot id of the machine's kernel
  std::string space{};    // its namespace of PIDs
  std::string token{};    // tells two takings of one process apart
  std::string node{};

  /// This process, with a token of its own.
  static Holder self(const std::string& node);
  /// As it stands in a row; of an empty one nothing is set.
  static Holder parse(const std::string& text);
  std::string text() const;
};

/// Whether that process is known to be gone, as `self` sees it. A node has one machine at a time, so one that runs
/// under another boot id has been started again.
bool is_dead(const Holder& holder, const Holder& self);

}  // namespace cw::store
