// Takes over a revocation list that was replaced while a door is open, so that whoever is in it is refused from then on
// and nobody has to start the door anew.
//
// One thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

namespace cw::app {

class RevocationWatch {
 public:
  /// `reload`: raises usage where the files cannot be used, and leaves all as it was. `list` empty: nothing is watched.
  RevocationWatch(std::filesystem::path list, std::function<void()> reload);

  /// Reloads if the file is another one than it was, and says so in the log; what failed is tried again when the file
  /// is another one again.
  void look();

 private:
  const std::filesystem::path list_;
  const std::function<void()> reload_;
  std::optional<std::filesystem::file_time_type> seen_{};
};

}  // namespace cw::app
