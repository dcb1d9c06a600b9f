// A socket that listens: the address as an operator writes it, and what the system makes of it.
//
// Owner: a server. Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "base/fd.h"
#include "net/server_request.h"

namespace cw::net {

class Listener {
 public:
  /// Raises usage: not an address, in use, not allowed. "fd:7": takes over a socket that listens already.
  explicit Listener(const std::string& address);
  /// Closes it and takes the unix socket's file away, if that is still its own.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& address() const { return address_; }
  uint16_t port() const { return port_; }

  /// The next client: who it is, and the key that its connections are counted under. None: errno says why.
  Fd accept(Peer& peer, std::string& client) const;

 private:
  void listen_on_path(const std::string& path);
  void listen_on_number(const std::string& text);
  void take_over(const std::string& number);

  std::string address_;
  bool is_unix_ = false;
  std::string path_{};  // of a unix socket that was made here
  dev_t device_ = 0;    // of its file
  ino_t file_ = 0;
  uint16_t port_ = 0;
  Fd fd_{};
};

}  // namespace cw::net
