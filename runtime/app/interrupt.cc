#include "app/interrupt.h"

#include <string_view>

#include <pthread.h>
#include <unistd.h>

#include "app/exit_status.h"

namespace cw::app {

Interrupt::Interrupt() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  // Blocked here and in threads made from now on: only sigwait sees them.
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  thread_ = std::thread([this] { wait(); });
}

Interrupt::~Interrupt() {
  over_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);  // wakes sigwait
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::wait() {
  int signal = 0;
  while (sigwait(&signals_, &signal) == 0 && !over_) {
    if (requested_.exchange(true)) ::_exit(static_cast<int>(ExitStatus::interrupted));
    constexpr std::string_view kSaid = "\ncardwright: stopping before the next command; once more ends at once\n";
    if (::write(STDERR_FILENO, kSaid.data(), kSaid.size()) < 0) return;
  }
}

}  // namespace cw::app
