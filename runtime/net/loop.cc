#include <ctime>
#include <vector>

#include <boost/asio/post.hpp>
#include <signal.h>

#include "answer_text_private.h"
#include "connection_private.h"
#include "loop_private.h"

namespace cw::net {

Loop::Loop(std::shared_ptr<ServerCore> core) : core_(std::move(core)), work_(io_.get_executor()) {}

Loop::~Loop() = default;

void Loop::run() {
  // Signals are for the program's own threads; and OpenSSL writes to sockets whose other end may be closed (SIGPIPE).
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!io_.stopped()) {
    try {
      io_.run();
    } catch (const std::exception& error) {
      // Out of memory, say. One connection is lost to its time limit, and the others go on.
      core_->problem(std::string("HTTP server: ") + error.what());
    }
  }
}

void Loop::take(Fd fd, Peer peer, ServerCore::Place place) {
  boost::asio::post(io_, [self = this, fd = std::move(fd), peer = std::move(peer), place = std::move(place)]() mutable {
    if (self->core_->draining()) return;
    auto connection = std::make_shared<Connection>(*self, std::move(fd), std::move(peer), std::move(place));
    self->connections_.insert(connection);
    connection->start();
  });
}

void Loop::each(void (Connection::*what)()) {
  boost::asio::post(io_, [this, what] {
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) (connection.get()->*what)();
  });
}

void Loop::drain() { each(&Connection::drain); }
void Loop::look_anew() { each(&Connection::look_anew); }
void Loop::cut() { each(&Connection::cut); }

std::string_view Loop::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = http_date(now);
  }
  return date_;
}

}  // namespace cw::net
