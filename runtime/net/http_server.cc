#include "net/http_server.h"

#include <algorithm>
#include <vector>

#include "acceptor_private.h"
#include "base/error.h"
#include "base/threads.h"
#include "loop_private.h"

namespace cw::net {

namespace {

/// How long a cut may take: a thread that is in the middle of something comes to it afterwards.
constexpr std::chrono::seconds kCut{1};

}  // namespace

void check_tls(const TlsSetup& setup) { const TlsContext context(setup); }

class HttpServer::Impl {
 public:
  explicit Impl(const ServerSetup& setup) : core_(std::make_shared<ServerCore>(setup)) {
    auto listener = std::make_unique<Listener>(setup.listen);
    address_ = listener->address();
    port_ = listener->port();
    for (unsigned i = 0; i < std::max(setup.threads, 1u); ++i) loops_.push_back(std::make_shared<Loop>(core_));
    acceptor_ = std::make_shared<Acceptor>(std::move(listener), loops_);
    try {
      for (const auto& loop : loops_) threads_.start([raw = loop.get()] { raw->run(); });
    } catch (const Error&) {
      stop();
      throw;
    }
    acceptor_->start();
  }

  ~Impl() {
    drain(std::chrono::milliseconds(0));
    stop();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void reload(const TlsSetup& tls) {
    core_->set_tls(tls);
    for (const auto& loop : loops_) loop->look_anew();
  }

  bool drain(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    core_->drain();
    acceptor_->stop();
    for (const auto& loop : loops_) loop->drain();
    const bool in_time = core_->wait_until_empty(until);
    if (in_time) return true;
    for (const auto& loop : loops_) loop->cut();
    core_->wait_until_empty(std::chrono::steady_clock::now() + kCut);
    return false;
  }

  const std::shared_ptr<ServerCore> core_;
  std::string address_;
  uint16_t port_ = 0;

 private:
  void stop() {
    for (const auto& loop : loops_) loop->stop();
    threads_.join();
  }

  std::vector<std::shared_ptr<Loop>> loops_{};
  std::shared_ptr<Acceptor> acceptor_{};  // before the loops it lives on
  Threads threads_{};
};

HttpServer::HttpServer(const ServerSetup& setup) : impl_(std::make_unique<Impl>(setup)) {}
HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const { return impl_->address_; }
uint16_t HttpServer::port() const { return impl_->port_; }
void HttpServer::reload(const TlsSetup& tls) { impl_->reload(tls); }
bool HttpServer::drain(std::chrono::milliseconds patience) { return impl_->drain(patience); }

ServerCounters HttpServer::counters() const {
  const LiveCounters& live = impl_->core_->count;
  ServerCounters out{live.open, live.accepted, live.refused, live.handshakes_failed, live.bytes_in, live.bytes_out, {}};
  std::copy(live.answers.begin(), live.answers.end(), out.answers.begin());
  return out;
}

}  // namespace cw::net
