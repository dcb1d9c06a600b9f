// Takes over a revocation list that was replaced while a door is open, so that whoever is in it is refused from then on
// and nobody has to start the door anew.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace cw::app {

class RevocationWatch {
 public:
  /// To be made before the door reads `list`: a file that comes after that is another one. Empty: nothing is watched.
  explicit RevocationWatch(std::filesystem::path list);

  /// Once the file is another one than it was: calls `reload`, now and at every tenth look until it does not raise, and
  /// says in the log what came of it, each failure once. `reload` leaves all as it was where it raises.
  void look(const std::function<void()>& reload);

 private:
  /// What tells one file from another.
  struct Mark {
    uint64_t device = 0, file = 0, size = 0;
    int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Mark&) const = default;
  };
  static std::optional<Mark> mark_of(const std::filesystem::path& file);

  const std::filesystem::path list_;
  std::optional<Mark> seen_{};  // that is in use, or was tried last
  bool failed_ = false;         // and could not be used
  unsigned looks_ = 0;          // since
  std::string said_{};
};

}  // namespace cw::app
