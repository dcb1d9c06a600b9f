// Follows one run of a batch: notes what says whether the card's state is in doubt, and passes all on to the follower,
// one thread at a time.
//
// Owner: one run. One thread.
#pragma once

#include <mutex>

#include "card/reader.h"
#include "engine/observer.h"

namespace cw::batch {

/// Notes that a command went out: observers hear of those that were answered, and a card may act and not answer.
class SendingReader : public card::Reader {
 public:
  /// `inner` outlives this.
  explicit SendingReader(card::Reader& inner) : inner_(inner) {}
  std::string name() const override { return inner_.name(); }
  Bytes reset() override { return inner_.reset(); }
  Bytes transmit(ByteView command) override {
    sent_ = true;
    return inner_.transmit(command);
  }
  bool sent() const { return sent_; }

 private:
  card::Reader& inner_;
  bool sent_ = false;
};

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
  /// broke, or the card refused to authenticate us and counts such attempts. `sent`: any command was.
  bool in_doubt(const Error& error, bool sent) const {
    return authentication_refused_ || error.kind() == ErrorKind::channel || (error.kind() == ErrorKind::reader && sent);
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
  bool authentication_refused_ = false;
};

}  // namespace cw::batch
