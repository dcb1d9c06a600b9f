#include "app/live_screen.h"

#include <algorithm>
#include <array>
#include <string>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"

namespace cw::app {

namespace {

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    text.remove_prefix(written < 0 ? 0 : static_cast<size_t>(written));
  }
}

}  // namespace

LiveScreen::LiveScreen() {
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&signals_, number);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  fd_ = Fd(::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK));
  if (fd_.get() < 0) throw Error(ErrorKind::internal, "no descriptor for signals");
}

void LiveScreen::begin() {
  begun_ = true;
  keys_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &mode_) == 0;
  if (keys_) {
    termios quiet = mode_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
    quiet.c_cc[VSUSP] = _POSIX_VDISABLE;  // who stops it would be left on the other screen
    ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  }
  write_all("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J");
}

LiveScreen::~LiveScreen() {
  if (begun_) write_all("\x1b[?25h\x1b[?1049l");
  if (keys_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode_);
  // What ended the waiting is taken, so that it does not end the program afterwards.
  signalfd_siginfo taken{};
  while (::read(fd_.get(), &taken, sizeof taken) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void LiveScreen::draw(std::string_view picture) {
  if (!begun_) begin();
  std::string out = "\x1b[H";
  while (!picture.empty()) {
    const size_t end = std::min(picture.find('\n'), picture.size());
    out += picture.substr(0, end);
    out += "\x1b[K";
    picture.remove_prefix(std::min(end + 1, picture.size()));
    if (!picture.empty()) out += "\r\n";
  }
  write_all(out + "\x1b[J");
}

bool LiveScreen::wait(std::chrono::milliseconds time) const {
  const auto until = std::chrono::steady_clock::now() + time;
  bool listens = keys_;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    std::array<pollfd, 2> each = {pollfd{fd_.get(), POLLIN, 0}, pollfd{listens ? STDIN_FILENO : -1, POLLIN, 0}};
    const int ready = ::poll(each.data(), each.size(), static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready == 0) return true;
    if (ready < 0) continue;
    if (each[0].revents != 0) return false;
    std::array<char, 64> typed{};
    const ssize_t count = ::read(STDIN_FILENO, typed.data(), typed.size());
    if (count <= 0) listens = false;
    if (std::find(typed.begin(), typed.begin() + std::max<ssize_t>(count, 0), 'q') !=
        typed.begin() + std::max<ssize_t>(count, 0)) {
      return false;
    }
  }
}

size_t LiveScreen::height() {
  struct winsize size {};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

}  // namespace cw::app
