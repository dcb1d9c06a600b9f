#include "base/error.h"
#include "base/log.h"
#include "server_core_private.h"

namespace cw::net {

namespace {

/// A hook that fails is the operator's to know about, and no reason to lose a connection.
template <class Hook, class... Args>
void call(const Hook& hook, Args&&... args) {
  if (!hook) return;
  try {
    hook(std::forward<Args>(args)...);
  } catch (const std::exception& error) {
    log::error(std::string("HTTP server: a hook failed: ") + error.what());
  }
}

}  // namespace

ServerCore::ServerCore(const ServerSetup& setup) : limits(setup.limits), handler(setup.handler), hooks_(setup.hooks) {
  if (!handler) throw Error(ErrorKind::internal, "cannot start an HTTP server without a handler");
  if (setup.tls) tls_ = std::make_shared<TlsContext>(*setup.tls);
  current_ = tls_.get();
}

std::optional<ServerCore::Place> ServerCore::admit(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (draining_ || connections_ >= limits.connections) return std::nullopt;
  size_t& same = by_client_[client];
  if (same >= limits.connections_per_client) return std::nullopt;
  same += 1;
  connections_ += 1;
  places_ += 1;
  count.open = connections_;
  return std::optional<Place>(std::in_place, *this, client);
}

ServerCore::Place ServerCore::hold() {
  const std::lock_guard lock(mutex_);
  places_ += 1;
  return {*this, ""};
}

void ServerCore::give_back(const std::string& client) {
  const std::lock_guard lock(mutex_);
  places_ -= 1;
  if (!client.empty()) {
    connections_ -= 1;
    const auto found = by_client_.find(client);
    if (--found->second == 0) by_client_.erase(found);
    count.open = connections_;
  }
  if (places_ == 0) emptied_.notify_all();
}

bool ServerCore::wait_until_empty(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_until(lock, until, [this] { return places_ == 0; });
}

std::shared_ptr<const TlsContext> ServerCore::tls() const {
  const std::lock_guard lock(mutex_);
  return tls_;
}

void ServerCore::set_tls(const TlsSetup& setup) {
  auto made = std::make_shared<const TlsContext>(setup);
  const std::lock_guard lock(mutex_);
  if (!tls_) throw Error(ErrorKind::usage, "cannot reload TLS: this listener was started without it; start it anew");
  tls_.swap(made);
  current_ = tls_.get();
}

void ServerCore::served(const ServedRequest& request) { call(hooks_.served, request); }

void ServerCore::turned_away(std::string_view address, std::string_view why) { call(hooks_.turned_away, address, why); }

void ServerCore::problem(std::string_view line) {
  if (hooks_.problem) {
    call(hooks_.problem, line);
  } else {
    log::error(line);
  }
}

}  // namespace cw::net
