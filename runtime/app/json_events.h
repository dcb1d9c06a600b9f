// A run for programs: one JSON object per line, in order, each flushed. docs/TESTERS.md lists the events.
#pragma once

#include <chrono>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/exit_status.h"
#include "engine/observer.h"
#include "engine/run.h"

namespace cw::app {

class JsonEvents : public engine::Observer {
 public:
  /// `commands`: an event for every command too.
  JsonEvents(std::ostream& out, bool commands) : out_(out), commands_(commands) {}

  void begin(const std::string& flow, const std::string& card, const engine::Bundle& bundle,
             const engine::Policy& policy);
  void attempt_begins(unsigned number) override;
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override;
  void channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                      std::chrono::nanoseconds time) override;
  void noted(const host::Note& note) override;
  void attempt_failed(const Error& error, bool again) override;
  void finish(const engine::RunResult& result, ExitStatus status);

 private:
  void write(const nlohmann::ordered_json& event);

  std::ostream& out_;
  bool commands_;
  uint64_t number_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace cw::app
