#include "service/supervisor_notify.h"

#include <charconv>
#include <cstddef>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

namespace cw::service {

Notify::Notify(const char* socket, const char* watchdog_us) {
  // A path, or '@' and an abstract name (systemd.exec(5), $NOTIFY_SOCKET).
  if (socket == nullptr || (*socket != '/' && *socket != '@')) return;
  path_ = socket;
  socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (watchdog_us == nullptr) return;
  int64_t us = 0;
  std::from_chars(watchdog_us, watchdog_us + std::strlen(watchdog_us), us);
  every_ms_ = us / 2000;
}

void Notify::tell(std::string_view message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!socket_ || path_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path_.c_str(), path_.size());
  if (path_[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  [[maybe_unused]] const ssize_t sent = ::sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                                 reinterpret_cast<const sockaddr*>(&address), size);
}

void Notify::alive(int64_t now) {
  if (every_ms_ == 0 || now < next_) return;
  next_ = now + every_ms_;
  tell("WATCHDOG=1");
}

}  // namespace cw::service
