#include "processes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace cw::store {

namespace {

void write_line(int fd, const std::string& line) {
  const std::string all = line + "\n";
  EXPECT_EQ(::write(fd, all.data(), all.size()), static_cast<ssize_t>(all.size()));
}

std::string read_line(int fd) {
  std::string line;
  for (char c = 0; ::read(fd, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

}  // namespace

void Pipes::tell_parent(const std::string& line) const { write_line(out_, line); }
std::string Pipes::hear_parent() const { return read_line(in_); }

Child::Child(const std::function<int(const Pipes&)>& work) {
  std::array<int, 2> down{}, up{};
  if (::pipe(down.data()) != 0 || ::pipe(up.data()) != 0) ADD_FAILURE() << "no pipes";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(down[1]);
    ::close(up[0]);
    int status = 1;
    try {
      status = work(Pipes(down[0], up[1]));
    } catch (const Error& error) {
      write_line(up[1], "raised: " + error.message());
    }
    ::_exit(status);
  }
  ::close(down[0]);
  ::close(up[1]);
  in_ = up[0];
  out_ = down[1];
}

Child::~Child() {
  if (pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
  ::close(in_);
  ::close(out_);
}

void Child::tell(const std::string& line) const { write_line(out_, line); }
std::string Child::hear() const { return read_line(in_); }
void Child::signal(int number) const { ::kill(pid_, number); }

int Child::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void Child::wait_until_dead() const {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
}

void Child::wait_until_stopped() const {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOWAIT);
}

}  // namespace cw::store
