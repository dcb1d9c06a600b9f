// Lets clients in, as far as the limits go, and hands them to the loops in turn.
//
// Owner: a server, and what it waits for. Thread rule: the first loop's thread, but for start and stop.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "listener_private.h"
#include "loop_private.h"

namespace cw::net {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(std::unique_ptr<Listener> listener, std::vector<std::shared_ptr<Loop>> loops);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void start();
  void stop();

 private:
  void wait();
  void accept_some();
  void rest_a_while(int error);

  std::unique_ptr<Listener> listener_;
  const std::vector<std::weak_ptr<Loop>> loops_;
  Loop& first_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  std::optional<ServerCore::Place> place_;
  size_t next_ = 0;
  std::chrono::steady_clock::time_point quiet_until_{};
};

}  // namespace cw::net
