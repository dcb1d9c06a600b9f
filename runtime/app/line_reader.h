// Lines from standard input. At a terminal Ctrl-C drops what is typed and does not end the program.
#pragma once

#include <string>

#include <signal.h>

namespace cw::app {

/// One at a time; while it lives, SIGINT at a terminal does nothing but end a wait for a line.
class LineReader {
 public:
  LineReader();
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  enum class Got { line, dropped, end };
  /// The prompt goes to standard error, and is for people only.
  Got next(const char* prompt, std::string& line);

  /// Whether somebody sits there.
  bool somebody() const { return somebody_; }

 private:
  bool somebody_;
  struct sigaction before_ {};
  std::string read_{};  // and not yet given
};

}  // namespace cw::app
