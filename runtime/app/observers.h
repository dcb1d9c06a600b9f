// Several observers as one.
#pragma once

#include <utility>
#include <vector>

#include "engine/observer.h"

namespace cw::app {

class Observers : public engine::Observer {
 public:
  /// `observer` must outlive this; null is left out.
  void add(engine::Observer* observer) {
    if (observer != nullptr) all_.push_back(observer);
  }

  void attempt_begins(unsigned number) override {
    for (auto* each : all_) each->attempt_begins(number);
  }
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override {
    for (auto* each : all_) each->exchanged(command, channel, answer, time);
  }
  void channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                      std::chrono::nanoseconds time) override {
    for (auto* each : all_) each->channel_opened(asked, opened, time);
  }
  void card_reset(ByteView atr) override {
    for (auto* each : all_) each->card_reset(atr);
  }
  void noted(const host::Note& note) override {
    for (auto* each : all_) each->noted(note);
  }
  void attempt_failed(const Error& error, bool again) override {
    for (auto* each : all_) each->attempt_failed(error, again);
  }

 private:
  std::vector<engine::Observer*> all_;
};

}  // namespace cw::app
