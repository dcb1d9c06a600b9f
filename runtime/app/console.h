// A run for people. On a terminal: steps with ticks as they go, a bar for what is long, tables at the end. Elsewhere:
// plain lines, and nothing about progress.
#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "engine/observer.h"
#include "engine/run.h"

namespace cw::app {

class Console : public engine::Observer {
 public:
  Console(std::ostream& out, const Terminal& terminal, bool verbose)
      : out_(out), terminal_(terminal), verbose_(verbose) {}

  void attempt_begins(unsigned number) override;
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override;
  void channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                      std::chrono::nanoseconds time) override;
  void noted(const host::Note& note) override;
  void attempt_failed(const Error& error, bool again) override;

  /// Tables and the closing line.
  void finish(const engine::RunResult& result, bool interrupted);

 private:
  using Clock = std::chrono::steady_clock;

  void line(const std::string& text);
  void step_line(Terminal::Colour colour, const char* tick, const char* word, const std::string& name,
                 const std::string& more);
  void live(const std::string& text);
  void clear_live();
  void bar(const std::string& what, uint64_t done, uint64_t total);
  void loaded(const host::FilePart& block);
  void output(const host::Note& note);

  std::ostream& out_;
  Terminal terminal_;
  bool verbose_;
  bool live_ = false;  // an unfinished line is on the terminal
  Clock::time_point begin_ = Clock::now();
  Clock::time_point step_begin_ = Clock::now();
  std::string step_;  // that is going on
  unsigned steps_done_ = 0;
  unsigned steps_skipped_ = 0;
  std::vector<std::string> tables_;
  std::vector<std::string> results_;
};

}  // namespace cw::app
