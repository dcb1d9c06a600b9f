#include <cerrno>
#include <chrono>
#include <thread>

#include <sys/file.h>

#include "turn_private.h"

namespace cw::store {

namespace {

constexpr std::chrono::milliseconds kPatience{250};
constexpr std::chrono::microseconds kLook{200};

}  // namespace

Turn::Turn(int folder) : folder_(folder) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (folder_ >= 0 && ::flock(folder_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() > until) {
      folder_ = -1;
    } else {
      std::this_thread::sleep_for(kLook);
    }
  }
}

Turn::~Turn() {
  if (folder_ >= 0) ::flock(folder_, LOCK_UN);
}

}  // namespace cw::store
