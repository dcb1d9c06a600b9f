// Follows one run of a batch: notes what says whether the card's state is in doubt, and passes all on to the follower,
// one thread at a time.
#pragma once

#include <mutex>

#include "engine/observer.h"

namespace cw::batch {

class Watch : public engine::Observer {
 public:
  /// `next` may be null. Both outlive this.
  Watch(std::mutex& mutex, engine::Observer* next) : mutex_(mutex), next_(next) {}

  void attempt_begins(unsigned number) override {
    pass([&](engine::Observer& next) { next.attempt_begins(number); });
  }
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override {
    constexpr uint8_t kExternalAuthenticate = 0x82;
    const bool refused = channel == 0 && command.ins == kExternalAuthenticate && answer.sw != 0x9000;
    authentication_refused_ = authentication_refused_ || refused;
    commands_ = true;
    pass([&](engine::Observer& next) { next.exchanged(command, channel, answer, time); });
  }
  void channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                      std::chrono::nanoseconds time) override {
    pass([&](engine::Observer& next) { next.channel_opened(asked, opened, time); });
  }
  void card_reset(ByteView atr) override {
    pass([&](engine::Observer& next) { next.card_reset(atr); });
  }
  void noted(const host::Note& note) override {
    pass([&](engine::Observer& next) { next.noted(note); });
  }
  void attempt_failed(const Error& error, bool again) override {
    pass([&](engine::Observer& next) { next.attempt_failed(error, again); });
  }

  /// Whether nobody can tell from the outside what the card holds after that error: an answer was lost, a channel
  /// broke, or the card refused to authenticate us and counts such attempts.
  bool in_doubt(const Error& error) const {
    return authentication_refused_ || error.kind() == ErrorKind::channel ||
           (error.kind() == ErrorKind::reader && commands_);
  }

 private:
  template <class Call>
  void pass(Call&& call) {
    if (next_ == nullptr) return;
    const std::lock_guard lock(mutex_);
    call(*next_);
  }

  std::mutex& mutex_;
  engine::Observer* next_;
  bool commands_ = false;  // any was answered
  bool authentication_refused_ = false;
};

}  // namespace cw::batch
