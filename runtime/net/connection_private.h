// One client: takes its requests one after the other, and says when its time is over.
//
// Owner: its loop, and what it waits for. Thread rule: the loop's thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "loop_private.h"
#include "net/request_parser.h"
#include "pending_private.h"
#include "wire_private.h"

namespace cw::net {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, Fd fd, Peer peer, ServerCore::Place place);

  void start();
  void drain();
  void cut() { close("the server was stopped"); }
  /// The server has other certificates or lists than when this one was let in.
  void look_anew();

 private:
  using Clock = std::chrono::steady_clock;
  // idle: between requests. linger: all is said, and the client is given time to read it.
  enum class Phase { handshake, idle, head, body, handler, answer, linger, closed };

  // Each step moves bytes or waits; false: nothing to do until something happens.
  void go();
  bool step();
  bool shake_hands();
  bool receive();
  bool overhear();
  bool send();
  bool discard();

  void take(std::string_view bytes);
  void begin_body();
  void hand_over();
  void deliver(uint64_t number, std::optional<ServerAnswer> answer);
  void refuse(int status, std::string why);  // by value: it may be the parser's, which goes
  void begin_answer(const ServerAnswer& answer, bool keep_alive);
  void end_answer();
  void report(std::string_view why);
  void close(std::string_view why);

  bool wait_for(Flow flow);
  void limit(std::chrono::milliseconds time);
  void arm();
  void time_is_over();

  Loop& loop_;
  ServerCore& core_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  Wire wire_;
  Peer peer_;
  std::optional<ServerCore::Place> place_;
  Phase phase_ = Phase::handshake;
  Clock::time_point deadline_{};
  Clock::time_point armed_for_ = Clock::time_point::max();
  bool waits_to_read_ = false;
  bool waits_to_write_ = false;
  bool likely_quiet_ = false;  // so the next thing is to wait, not to read
  bool client_closed_ = false;

  std::unique_ptr<RequestParser> parser_{};  // of the request that is coming in
  std::string rest_{};                       // what came after it
  std::shared_ptr<Pending> pending_{};       // the request that is with its handler
  uint64_t requests_ = 0;

  // Of the request that is being answered.
  Clock::time_point began_{};
  std::string method_{};
  std::string target_{};
  bool http_1_0_ = false;
  bool keeps_alive_ = false;
  int status_ = 0;
  std::string why_{};
  std::string out_{};
  size_t sent_ = 0;
};

}  // namespace cw::net
