// What a connection waits for: its socket, and the end of its time.
#include "answer_text_private.h"
#include "connection_private.h"

namespace cw::net {

/// False: this flow is none that waits.
bool Connection::wait_for(Flow flow) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  if (flow != Flow::wants_read && flow != Flow::wants_write) return false;
  const bool to_read = flow == Flow::wants_read;
  bool Connection::*waits = to_read ? &Connection::waits_to_read_ : &Connection::waits_to_write_;
  if (this->*waits) return true;
  this->*waits = true;
  socket_.async_wait(to_read ? Descriptor::wait_read : Descriptor::wait_write,
                     [self = shared_from_this(), waits](const boost::system::error_code& error) {
                       (*self).*waits = false;
                       if (!error) self->go();
                     });
  return true;
}

void Connection::limit(std::chrono::milliseconds time) {
  deadline_ = Clock::now() + time;
  // A timer that goes off too early is set again then: cheaper than setting it with each request.
  if (deadline_ < armed_for_) arm();
}

void Connection::arm() {
  armed_for_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->phase_ == Phase::closed) return;
    if (Clock::now() < self->deadline_) return self->arm();
    self->armed_for_ = Clock::time_point::max();
    self->time_is_over();
  });
}

void Connection::time_is_over() {
  switch (phase_) {
    case Phase::handshake:
      core_.count.handshakes_failed += 1;
      return close("no TLS in time");
    case Phase::idle:
      return close(requests_ == 0 ? "no request in time" : "");
    case Phase::head:
      refuse(408, "the headers did not come in time");
      break;
    case Phase::body:
      refuse(408, "the body did not come in time");
      break;
    case Phase::handler:
      if (const auto pending = pending_) pending->leave();
      refuse(503, "no answer in time");
      break;
    case Phase::answer:
      return close("the client did not take its answer in time");
    case Phase::linger:
      return close("");
    case Phase::closed:
      return;
  }
  go();
}

}  // namespace cw::net
