// One request that its handler has not answered: what a Reply and its connection share.
//
// Thread rule: all functions from any thread.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "net/server_request.h"

namespace cw::net {

class Pending {
 public:
  /// Takes the answer to the connection's own thread; nothing: the Reply was dropped.
  using Deliver = std::function<void(std::optional<ServerAnswer>)>;

  explicit Pending(Deliver deliver) : deliver_(std::move(deliver)) {}

  /// Whether this was the first.
  bool answer(std::optional<ServerAnswer> answer) {
    Deliver deliver;
    {
      const std::lock_guard lock(mutex_);
      if (answered_) return false;
      answered_ = true;
      on_gone_ = nullptr;
      std::swap(deliver, deliver_);
    }
    if (deliver) deliver(std::move(answer));
    return true;
  }

  /// The client is gone, or the time is over.
  void leave() {
    std::function<void()> then;
    {
      const std::lock_guard lock(mutex_);
      gone_ = true;
      std::swap(then, on_gone_);
    }
    if (then) then();
  }

  bool answered() const {
    const std::lock_guard lock(mutex_);
    return answered_;
  }

  bool gone() const {
    const std::lock_guard lock(mutex_);
    return gone_;
  }

  void on_gone(std::function<void()> then) {
    {
      const std::lock_guard lock(mutex_);
      if (!gone_) {
        if (!answered_) on_gone_ = std::move(then);
        return;
      }
    }
    then();
  }

 private:
  mutable std::mutex mutex_;
  Deliver deliver_;
  std::function<void()> on_gone_{};
  bool answered_ = false;
  bool gone_ = false;
};

}  // namespace cw::net
