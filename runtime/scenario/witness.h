// Follows a scenario and the flows it runs, and keeps what it sees as report events: decoded, redacted by type.
//
// Owner: one play. One thread.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/observer.h"
#include "report/results.h"

namespace cw::scenario {

class Witness : public engine::Observer {
 public:
  void attempt_begins(unsigned number) override;
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override;
  void channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                      std::chrono::nanoseconds time) override;
  void card_reset(ByteView atr) override;
  void noted(const host::Note& note) override;
  void attempt_failed(const Error& error, bool again) override;

  void add(report::Event::Kind kind, std::string text);

  const std::vector<report::Event>& events() const { return events_; }
  std::vector<report::Event> take() { return std::move(events_); }

  /// What happened since event `first`, as a scenario sees it: commands, steps, outputs, tables, log, audit.
  nlohmann::json since(size_t first) const;

 private:
  std::vector<report::Event> events_{};
  struct Output {
    size_t at = 0;  // number of events before it
    std::string format{};
    std::string text{};
  };
  std::vector<Output> outputs_{};
};

}  // namespace cw::scenario
