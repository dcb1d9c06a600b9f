// What all threads of one server share: its limits, who is let in, what is counted, and the certificates of the moment.
//
// Owner: the server and its loops together. Thread rule: all functions from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/http_server.h"
#include "tls_context_private.h"

namespace cw::net {

struct LiveCounters {
  std::atomic<uint64_t> open{0}, accepted{0}, refused{0}, handshakes_failed{0}, bytes_in{0}, bytes_out{0};
  std::array<std::atomic<uint64_t>, 6> answers{};
};

class ServerCore {
 public:
  /// A place among the connections that are let in, given back when it goes. `client` empty: what is no connection and
  /// is waited for at the end, too.
  class Place {
   public:
    Place(ServerCore& core, std::string client) : core_(&core), client_(std::move(client)) {}
    Place(Place&& other) noexcept : core_(std::exchange(other.core_, nullptr)), client_(std::move(other.client_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (core_) core_->give_back(client_);
    }

   private:
    ServerCore* core_;
    std::string client_;
  };

  explicit ServerCore(const ServerSetup& setup);

  const ServerLimits limits;
  const Handler handler;
  LiveCounters count{};

  /// Nothing: over a limit, or draining.
  std::optional<Place> admit(const std::string& client);
  Place hold();
  /// Whether all places were given back in time.
  bool wait_until_empty(std::chrono::steady_clock::time_point until);

  std::shared_ptr<const TlsContext> tls() const;
  /// Whether clients that were let in under this one would have to be looked at anew.
  bool is_outdated(const TlsContext* tls) const { return tls != nullptr && tls->knows_clients() && tls != current_; }
  /// Raises usage: as HttpServer::reload.
  void set_tls(const TlsSetup& setup);

  void drain() { draining_ = true; }
  bool draining() const { return draining_; }

  // Hooks, which may be empty and must not throw through us.
  void served(const ServedRequest& request);
  void turned_away(std::string_view address, std::string_view why);
  void problem(std::string_view line);

 private:
  void give_back(const std::string& client);

  const ServerHooks hooks_;
  std::atomic<bool> draining_{false};
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::shared_ptr<const TlsContext> tls_{};
  std::atomic<const TlsContext*> current_{nullptr};  // of tls_; to compare with alone
  size_t places_ = 0;
  size_t connections_ = 0;
  std::map<std::string, size_t> by_client_{};
};

}  // namespace cw::net
