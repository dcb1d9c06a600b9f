#include "app/line_reader.h"

#include <cerrno>
#include <iostream>

#include <unistd.h>

namespace cw::app {

LineReader::LineReader() : somebody_(::isatty(STDIN_FILENO) == 1) {
  if (!somebody_) return;
  struct sigaction wake {};
  wake.sa_handler = [](int) {};  // no SA_RESTART: read() ends with EINTR
  ::sigaction(SIGINT, &wake, &before_);
}

LineReader::~LineReader() {
  if (somebody_) ::sigaction(SIGINT, &before_, nullptr);
}

LineReader::Got LineReader::next(const char* prompt, std::string& line) {
  if (somebody_) std::cerr << prompt << std::flush;
  for (;;) {
    if (const size_t end = read_.find('\n'); end != std::string::npos) {
      line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return Got::line;
    }
    char buffer[4096];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got > 0) {
      read_.append(buffer, static_cast<size_t>(got));
    } else if (got < 0 && errno == EINTR) {
      if (!somebody_) continue;
      std::cerr << '\n';
      read_.clear();
      return Got::dropped;
    } else {
      line = std::move(read_);
      read_.clear();
      return line.empty() ? Got::end : Got::line;
    }
  }
}

}  // namespace cw::app
