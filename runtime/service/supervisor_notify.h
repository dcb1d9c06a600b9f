// Tells the init system how the service is (sd_notify of systemd): one datagram per message to the socket that
// NOTIFY_SOCKET names, nothing where none is named.
//
// Owner: the supervisor. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace cw::service {

class Notify {
 public:
  /// Either may be null. `watchdog_us`: WATCHDOG_USEC.
  Notify(const char* socket, const char* watchdog_us);

  /// "READY=1", "STOPPING=1". What cannot be told is not told.
  void tell(std::string_view message) const;
  /// Tells WATCHDOG=1 if half of the time is over, by `now` in milliseconds.
  void alive(int64_t now);

 private:
  std::string path_{};
  Fd socket_{};
  int64_t every_ms_ = 0;  // 0: nobody asks
  int64_t next_ = 0;
};

}  // namespace cw::service
