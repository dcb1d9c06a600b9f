// The program: one of the two places where an Error is caught (the other is lua's guard).
#include <algorithm>
#include <cerrno>
#include <exception>
#include <iostream>

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/command_line.h"
#include "app/terminal.h"

namespace {

/// A sandboxed script may nest C calls; the scheduler asks for 8 MiB (engine/scheduler.h), whatever the shell's limit
/// is. On Linux the main thread's stack grows up to the limit of the moment.
void allow_deep_stack() {
  constexpr rlim_t kWanted = 16u << 20;
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= kWanted) return;
  limit.rlim_cur = std::min(kWanted, limit.rlim_max);
  ::setrlimit(RLIMIT_STACK, &limit);
}

int fail(cw::app::ExitStatus status, std::string_view message) {
  std::cout << std::flush;
  std::cerr << "cardwright: " << cw::app::printable(message) << std::endl;
  return static_cast<int>(status);
}

/// Output that is lost is an error, unless its reader wanted no more (head, a pager).
int finish(cw::app::ExitStatus status) {
  if (std::cout.flush()) return static_cast<int>(status);
  struct pollfd output {
    STDOUT_FILENO, POLLOUT, 0
  };
  const bool reader_left = ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
  if (reader_left) return static_cast<int>(status);
  return fail(cw::app::ExitStatus::refused, "cannot write to standard output; is the disk full?");
}

}  // namespace

int main(int argc, char** argv) {
  // A reader of our output that went away ends the output, not a run in the middle of a card.
  ::signal(SIGPIPE, SIG_IGN);
  allow_deep_stack();
  try {
    return finish(cw::app::command_line(argc, argv));
  } catch (const cw::Error& error) {
    return fail(cw::app::status_of(error.kind()), error.message());
  } catch (const std::exception& error) {
    return fail(cw::app::ExitStatus::internal, std::string("this is a defect, please report it: ") + error.what());
  }
}
