#include "app/prompt.h"

#include <iostream>

#include <termios.h>
#include <unistd.h>

#include "base/error.h"

namespace cw::app {

namespace {

/// No echo, byte by byte; as it was when dropped. Ctrl-C arrives as a byte, so that it cannot leave a terminal behind
/// that does not echo.
class Silence {
 public:
  Silence() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) {
      throw Error(ErrorKind::usage, "cannot ask for a secret: standard input is no terminal");
    }
    struct termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
  }
  ~Silence() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  struct termios before_ {};
};

constexpr size_t kLongest = 4096;
constexpr uint8_t kCtrlC = 0x03, kCtrlD = 0x04, kBackspace = 0x08, kDelete = 0x7F;

}  // namespace

bool can_prompt() { return ::isatty(STDIN_FILENO) == 1; }

std::optional<Secret> prompt_secret(const std::string& question) {
  const Silence silence;
  std::cerr << question << ": " << std::flush;
  Bytes typed;
  typed.reserve(kLongest);  // never moved, so no copy is left behind
  bool given_up = false;
  for (;;) {
    uint8_t c = 0;
    if (::read(STDIN_FILENO, &c, 1) != 1 || c == kCtrlC || c == kCtrlD) {
      given_up = true;
      break;
    }
    if (c == '\r' || c == '\n') break;
    if (c == kBackspace || c == kDelete) {
      if (!typed.empty()) typed.pop_back();
    } else if (typed.size() < kLongest) {
      typed.push_back(c);
    }
  }
  std::cerr << '\n';
  if (given_up) {
    wipe(typed);
    return {};
  }
  return Secret::take(std::move(typed));
}

}  // namespace cw::app
