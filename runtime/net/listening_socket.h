// A socket that listens before there is a server: a process makes it, and servers of processes that it forks take it
// over. Clients that come while none of them is there wait in the system's queue.
//
// Owner: who made it. Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>

namespace cw::net {

class ListeningSocket {
 public:
  /// As ServerSetup::listen. Raises usage: not an address, in use, not allowed.
  explicit ListeningSocket(const std::string& address);
  /// Closes it and takes a unix socket's file away. A process that was forked leaves that to the one that made it, and
  /// so ends without this.
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  /// Where it listens, with the port that the system chose.
  const std::string& address() const;
  /// "fd:7": what a server of a forked process is to listen on. It closes the socket there when it stops.
  std::string handed_over() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cw::net
