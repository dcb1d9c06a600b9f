// A terminal that a program draws on again and again: the other screen, no cursor, no echo of what is typed; all as it
// was before when this goes. Signals that would end the program end the waiting here instead.
//
// Owner: one thread, before it makes others. One at a time.
#pragma once

#include <chrono>
#include <string_view>

#include <signal.h>
#include <termios.h>

#include "base/fd.h"

namespace cw::app {

class LiveScreen {
 public:
  /// Standard output is a terminal. Nothing is seen of it before draw(). Raises internal.
  LiveScreen();
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  /// In place of what was there: lines, each with its end.
  void draw(std::string_view picture);
  /// False: somebody wants to go: Ctrl-C, SIGTERM, a terminal that went away, or the key q.
  bool wait(std::chrono::milliseconds time) const;
  /// Lines that there is room for.
  static size_t height();

 private:
  void begin();

  sigset_t signals_{};
  sigset_t before_{};
  Fd fd_{};
  bool begun_ = false;
  bool keys_ = false;  // standard input is a terminal, too
  termios mode_{};
};

}  // namespace cw::app
