// One thread of a server and the connections that live on it.
//
// Owner: the server; a Reply that outlives it finds it gone. Thread rule: take, drain and cut from any thread, the rest
// on its own.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/fd.h"
#include "server_core_private.h"

namespace cw::net {

class Connection;

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(std::shared_ptr<ServerCore> core);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// What its thread does until stop().
  void run();
  void stop() { io_.stop(); }

  /// A client that was let in.
  void take(Fd fd, Peer peer, ServerCore::Place place);
  /// Closes what is idle; the others close after their answer.
  void drain();
  /// Closes all.
  void cut();
  /// Closes what is idle and was let in under certificates and lists that are no longer those of the server.
  void look_anew();

  void forget(const std::shared_ptr<Connection>& connection) { connections_.erase(connection); }
  boost::asio::io_context& io() { return io_; }
  ServerCore& core() { return *core_; }
  /// Room for what is read, used before anything else runs.
  std::span<char> room() { return room_; }
  /// For the Date header.
  std::string_view date();

 private:
  void each(void (Connection::*what)());

  std::shared_ptr<ServerCore> core_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::array<char, 17u << 10> room_{};  // a whole record of TLS
  std::time_t date_second_ = 0;
  std::string date_{};
  std::set<std::shared_ptr<Connection>> connections_{};
};

}  // namespace cw::net
