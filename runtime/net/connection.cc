// What a connection does when bytes, answers or time come.
#include <boost/asio/post.hpp>

#include "answer_text_private.h"
#include "connection_private.h"

namespace cw::net {

namespace {

constexpr int kTurn = 16;                  // steps before others have theirs
constexpr size_t kKeptAnswer = 16u << 10;  // an answer's memory is kept for the next one up to this
constexpr size_t kOverheard = 16u << 10;   // of requests that come before their time

}  // namespace

Connection::Connection(Loop& loop, Fd fd, Peer peer, ServerCore::Place place)
    : loop_(loop),
      core_(loop.core()),
      socket_(loop.io()),
      timer_(loop.io()),
      wire_(fd.get(), loop.core().tls()),
      peer_(std::move(peer)),
      place_(std::move(place)) {
  socket_.assign(fd.get());
  fd.release();
}

void Connection::start() {
  limit(core_.limits.times.handshake);
  go();
}

void Connection::drain() {
  if (phase_ == Phase::idle || phase_ == Phase::handshake) close("");
}

void Connection::look_anew() {
  if (phase_ == Phase::idle && core_.is_outdated(wire_.tls())) close("");
}

void Connection::go() {
  for (int i = 0; i < kTurn; ++i) {
    if (!step()) return;
  }
  boost::asio::post(loop_.io(), [self = shared_from_this()] { self->go(); });
}

bool Connection::step() {
  switch (phase_) {
    case Phase::handshake:
      return shake_hands();
    case Phase::idle:
    case Phase::head:
    case Phase::body:
      return receive();
    case Phase::handler:
      return overhear();
    case Phase::answer:
      return send();
    case Phase::linger:
      return discard();
    case Phase::closed:
      return false;
  }
  return false;
}

bool Connection::shake_hands() {
  const Flow flow = wire_.handshake();
  if (flow == Flow::done) {
    wire_.tell(peer_);
    phase_ = Phase::idle;
    limit(core_.limits.times.head);
    return true;
  }
  if (wait_for(flow)) return false;
  core_.count.handshakes_failed += 1;
  close("no TLS: " + wire_.reason());
  return false;
}

bool Connection::receive() {
  if (!rest_.empty()) {
    const std::string bytes = std::exchange(rest_, {});
    take(bytes);
    return true;
  }
  if (std::exchange(likely_quiet_, false) && !wire_.holds_bytes()) {
    wait_for(Flow::wants_read);
    return false;
  }
  const Moved moved = wire_.read(loop_.room());
  if (moved.flow == Flow::done) {
    core_.count.bytes_in += moved.bytes;
    take({loop_.room().data(), moved.bytes});
    return true;
  }
  if (!wait_for(moved.flow)) close(phase_ == Phase::idle ? "" : "the client went away in the middle of a request");
  return false;
}

/// While the handler works: whether the client is still there. What it sends meanwhile waits, up to a limit.
bool Connection::overhear() {
  if (client_closed_ || rest_.size() >= kOverheard || pending_->answered()) return false;
  const Moved moved = wire_.read(loop_.room().first(std::min(loop_.room().size(), kOverheard - rest_.size())));
  if (moved.flow == Flow::done) {
    core_.count.bytes_in += moved.bytes;
    rest_.append(loop_.room().data(), moved.bytes);
    return true;
  }
  if (wait_for(moved.flow)) return false;
  if (moved.flow == Flow::failed) {
    close("the client went away before it was answered");
    return false;
  }
  // It may have closed one direction only: it is told the answer, if there is one.
  client_closed_ = true;
  pending_->leave();
  return false;
}

bool Connection::send() {
  const Moved moved = wire_.write(std::string_view(out_).substr(sent_));
  if (moved.flow == Flow::done) {
    core_.count.bytes_out += moved.bytes;
    sent_ += moved.bytes;
    if (sent_ == out_.size()) end_answer();
    return true;
  }
  if (!wait_for(moved.flow)) close("the client went away before it had its answer");
  return false;
}

bool Connection::discard() {
  const Flow flow = wire_.discard(loop_.room());
  if (flow == Flow::done) return true;
  if (!wait_for(flow)) close("");
  return false;
}

void Connection::take(std::string_view bytes) {
  if (phase_ == Phase::idle) {
    parser_ = std::make_unique<RequestParser>(core_.limits.request);
    began_ = Clock::now();
    phase_ = Phase::head;
    if (requests_ > 0) limit(core_.limits.times.head);  // the first request's time began with the connection
  }
  const size_t taken = parser_->feed(bytes);
  switch (parser_->state()) {
    case RequestParser::State::head:
      return;
    case RequestParser::State::body:
      if (phase_ == Phase::head) begin_body();
      return;
    case RequestParser::State::refused:
      return refuse(parser_->refusal().status, parser_->refusal().why);
    case RequestParser::State::whole:
      rest_ = bytes.substr(taken);
      return hand_over();
  }
}

void Connection::begin_body() {
  phase_ = Phase::body;
  limit(core_.limits.times.body);
  if (!parser_->wants_continue()) return;
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const Moved moved = wire_.write(kContinue);
  core_.count.bytes_out += moved.bytes;
  // There is room for so little, or the client has not read for long.
  if (moved.bytes != kContinue.size()) close("the client does not read");
}

void Connection::hand_over() {
  phase_ = Phase::handler;
  limit(core_.limits.times.handler);
  requests_ += 1;
  ServerRequest request = std::move(parser_->request());
  method_ = request.method;
  target_ = request.target;
  http_1_0_ = parser_->is_http_1_0();
  keeps_alive_ = parser_->keeps_alive() && requests_ < core_.limits.requests_per_connection;
  parser_.reset();
  request.peer = peer_;

  pending_ = std::make_shared<Pending>([loop = std::weak_ptr(loop_.shared_from_this()), weak = weak_from_this(),
                                        number = requests_](std::optional<ServerAnswer> answer) {
    const auto alive = loop.lock();
    if (!alive) return;
    boost::asio::post(alive->io(), [weak, number, answer = std::move(answer)]() mutable {
      if (const auto self = weak.lock()) self->deliver(number, std::move(answer));
    });
  });
  try {
    core_.handler(std::move(request), Reply(pending_));
  } catch (const std::exception& error) {
    core_.problem("HTTP server: the handler of " + method_ + " " + target_.substr(0, target_.find('?')) +
                  " failed: " + error.what());
    pending_->answer(std::nullopt);
  }
}

void Connection::deliver(uint64_t number, std::optional<ServerAnswer> answer) {
  if (phase_ != Phase::handler || number != requests_) return;  // its time was over
  if (answer) {
    begin_answer(*answer, keeps_alive_);
  } else {
    core_.problem("HTTP server: " + method_ + " " + target_.substr(0, target_.find('?')) +
                  " was not answered by its handler; the client gets 500");
    why_ = "the handler did not answer";
    begin_answer(plain_answer(500, "the server failed"), keeps_alive_);
  }
  go();
}

void Connection::refuse(int status, std::string why) {
  why_ = std::move(why);
  if (parser_) {
    method_ = parser_->request().method;
    target_ = parser_->request().target;
    parser_.reset();
  }
  rest_.clear();
  begin_answer(plain_answer(status, why_), false);
}

void Connection::begin_answer(const ServerAnswer& answer, bool keep_alive) {
  phase_ = Phase::answer;
  limit(core_.limits.times.answer);
  keeps_alive_ = keep_alive && !core_.draining() && !client_closed_ && !core_.is_outdated(wire_.tls());
  status_ = answer.status;
  out_ = answer_text(answer, {method_ == "HEAD", http_1_0_, keeps_alive_, loop_.date()});
  sent_ = 0;
  pending_.reset();
}

void Connection::end_answer() {
  report(why_);
  why_.clear();
  if (out_.capacity() > kKeptAnswer) std::string().swap(out_);
  if (keeps_alive_) {
    phase_ = Phase::idle;
    likely_quiet_ = true;
    limit(core_.limits.times.idle);
    if (core_.draining() || core_.is_outdated(wire_.tls())) close("");
    return;
  }
  wire_.end();
  phase_ = Phase::linger;
  limit(core_.limits.times.linger);
}

void Connection::report(std::string_view why) {
  core_.count.answers[static_cast<size_t>(status_ / 100)] += 1;
  core_.served({peer_, method_, target_, status_,
                std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_), why});
}

void Connection::close(std::string_view why) {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  const Phase was = std::exchange(phase_, Phase::closed);
  if (was == Phase::answer) {
    report(why);
  } else if (!why.empty()) {
    core_.turned_away(peer_.address, why);
  }
  if (const auto pending = std::exchange(pending_, nullptr)) pending->leave();
  timer_.cancel();
  if (was == Phase::idle) wire_.end();
  boost::system::error_code ignored;
  socket_.close(ignored);
  place_.reset();
  loop_.forget(self);
}

}  // namespace cw::net
