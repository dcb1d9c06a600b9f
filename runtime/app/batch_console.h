// A batch for people. On a terminal: a live line for each reader below what went wrong. Elsewhere: one line per card.
#pragma once

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "batch/follower.h"

namespace cw::app {

class BatchConsole : public batch::Follower {
 public:
  BatchConsole(std::ostream& out, const Terminal& terminal);
  ~BatchConsole() override;

  void begins(const batch::Plan& plan) override;
  void waits(size_t reader) override;
  void row_begins(size_t reader, const batch::Result& row) override;
  engine::Observer* run(size_t reader, const batch::Result& row) override;
  void row_ends(size_t reader, const batch::Result& result) override;
  void row_resumed(size_t reader, const batch::Result& result) override;
  void card_refused(size_t reader, const std::string& card, const std::string& why) override;
  void card_unreadable(size_t reader, const Error& error) override;
  void reader_ends(size_t reader, const std::string& why) override;
  void ends(const batch::Summary& summary) override;

 private:
  using Clock = std::chrono::steady_clock;
  class Steps;
  struct Line {
    std::string name{};
    std::string now{};  // what it does
    size_t done = 0;
    size_t failed = 0;
    std::unique_ptr<Steps> steps{};
  };

  void line(Terminal::Colour colour, const std::string& word, const std::string& text);
  void show(size_t reader, const std::string& now);
  void draw();
  void erase();

  std::ostream& out_;
  Terminal terminal_;
  batch::Plan plan_{};
  std::vector<Line> lines_;
  size_t drawn_ = 0;  // live lines on the terminal, above the cursor
  Clock::time_point drawn_at_{};
};

/// "1 row", "2 rows".
std::string counted_rows(size_t count);

}  // namespace cw::app
