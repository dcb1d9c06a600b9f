// The APDU trace of a run: every command as it was said above the secure channel, decoded, and its plain answer.
// Redacted by type: a secret is a name and a length, a key is a name, a LOAD block a file's hash and an offset. Safe to
// share as long as the card's answers are.
#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include "engine/observer.h"

namespace cw::app {

class Trace : public engine::Observer {
 public:
  struct Options {
    bool times = true;
    bool all_answers = false;  // for the person who typed the commands
  };
  explicit Trace(std::ostream& out) : Trace(out, Options{}) {}
  Trace(std::ostream& out, const Options& options) : out_(out), options_(options) {}

  void attempt_begins(unsigned number) override;
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override;
  void channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                      std::chrono::nanoseconds time) override;
  void card_reset(ByteView atr) override;
  void noted(const host::Note& note) override;
  void attempt_failed(const Error& error, bool again) override;

 private:
  void head(const std::string& what, std::chrono::nanoseconds took);

  std::ostream& out_;
  Options options_;
  uint64_t number_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace cw::app
