#include <cerrno>
#include <cstring>

#include <boost/asio/post.hpp>

#include "acceptor_private.h"

namespace cw::net {

namespace {

constexpr int kTurn = 64;  // clients before connections have their turn
constexpr std::chrono::milliseconds kRest{100};
constexpr std::chrono::seconds kQuiet{60};  // the operator is told once in so long

}  // namespace

Acceptor::Acceptor(std::unique_ptr<Listener> listener, std::vector<std::shared_ptr<Loop>> loops)
    : listener_(std::move(listener)),
      loops_(loops.begin(), loops.end()),
      first_(*loops.front()),
      socket_(first_.io(), listener_->fd()),
      timer_(first_.io()),
      place_(first_.core().hold()) {}

Acceptor::~Acceptor() {
  if (socket_.is_open()) socket_.release();  // the listener closes it
}

void Acceptor::start() {
  boost::asio::post(first_.io(), [self = shared_from_this()] { self->wait(); });
}

void Acceptor::stop() {
  boost::asio::post(first_.io(), [self = shared_from_this()] {
    if (self->socket_.is_open()) self->socket_.release();
    self->timer_.cancel();
    self->listener_.reset();
    self->place_.reset();
  });
}

void Acceptor::wait() {
  if (!listener_) return;
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->accept_some();
                     });
}

void Acceptor::accept_some() {
  ServerCore& core = first_.core();
  for (int i = 0; i < kTurn && listener_; ++i) {
    Peer peer;
    std::string client;
    Fd fd = listener_->accept(peer, client);
    if (!fd) {
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) break;
      if (error == EINTR || error == ECONNABORTED) continue;
      return rest_a_while(error);
    }
    auto place = core.admit(client);
    if (!place) {
      core.count.refused += 1;
      core.turned_away(peer.address, core.draining() ? "the server is stopping" : "too many connections");
      continue;
    }
    core.count.accepted += 1;
    if (const auto loop = loops_[next_++ % loops_.size()].lock()) {
      loop->take(std::move(fd), std::move(peer), std::move(*place));
    }
  }
  wait();
}

/// Files or memory are used up. Clients wait in the system's queue, and trying again at once would burn a core.
void Acceptor::rest_a_while(int error) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= quiet_until_) {
    quiet_until_ = now + kQuiet;
    first_.core().problem(std::string("HTTP server: cannot accept connections: ") + std::strerror(error) +
                          "; trying again. Is the limit of open files (ulimit -n) high enough?");
  }
  timer_.expires_after(kRest);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled) self->wait();
  });
}

}  // namespace cw::net
