// A run for programs: one JSON object per line, in order, each flushed. `event` says which:
//
//   run       flow, card, bundle, policy, policy_hash: the first, unless something was wrong before the run
//   kept      run: its id in the store, if one keeps it
//   attempt   number
//   step      name, state: begin, end, skip
//   progress  what, done, total
//   channel   channel, keys, scp, i, level, key_version
//   command   number, channel, name, command (canonical form), sw: with --verbose only
//   log       level, text
//   table     title, columns, rows
//   result    name, value
//   failed    again, error {kind, message, sw, cause}: an attempt ended
//   end       ok, status, attempts, commands, instructions, peak_memory, ms, error: the last
#pragma once

#include <chrono>
#include <ostream>
#include <utility>

#include <nlohmann/json.hpp>

#include "app/exit_status.h"
#include "engine/observer.h"
#include "engine/run.h"

namespace cw::app {

class JsonEvents : public engine::Observer {
 public:
  /// `commands`: an event for every command too. `with`: fields that each event gets besides.
  JsonEvents(std::ostream& out, bool commands, nlohmann::ordered_json with = nlohmann::ordered_json::object())
      : out_(out), commands_(commands), with_(std::move(with)) {}

  void begin(const std::string& flow, const std::string& card, const engine::Bundle& bundle,
             const engine::Policy& policy);
  void kept(const std::string& id) { write({{"event", "kept"}, {"run", id}}); }
  void attempt_begins(unsigned number) override;
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override;
  void channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                      std::chrono::nanoseconds time) override;
  void noted(const host::Note& note) override;
  void attempt_failed(const Error& error, bool again) override;
  void finish(const engine::RunResult& result, ExitStatus status);
  bool finished() const { return finished_; }

 private:
  void write(nlohmann::ordered_json event);

  std::ostream& out_;
  bool commands_;
  nlohmann::ordered_json with_;
  bool finished_ = false;
  uint64_t number_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace cw::app
