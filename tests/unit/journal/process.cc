#include "process.h"

#include <array>
#include <csignal>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace cw::journal {

Process::Process(CardHost& host, const std::function<End(int line)>& work) : host_(host), line_(host.connect()) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw Error(ErrorKind::internal, "socketpair");
  }
  {
    const auto quiet = CardHost::quiet();
    child_ = fork();
  }
  if (child_ == 0) {
    ::close(ends[0]);
    End end;
    try {
      end = work(line_);
    } catch (const Error& error) {
      end.error = std::string(name_of(error.kind())) + ": " + error.message();
    }
    write_message(ends[1], 'E', view(end.error));
    write_message(ends[1], 'I', view(end.id));
    write_message(ends[1], 'A',
                  Bytes{static_cast<uint8_t>(end.attempts), static_cast<uint8_t>(end.can_resume),
                        static_cast<uint8_t>(end.rebuilt)});
    _exit(0);
  }
  host_.answer_on(line_);
  ::close(ends[1]);
  ::close(line_);
  result_ = ends[0];
}

Process::Process(Process&& other) noexcept
    : host_(other.host_), line_(other.line_), result_(other.result_), child_(other.child_) {
  other.child_ = -1;
}

Process::~Process() {
  if (child_ < 0) return;
  signal(SIGKILL);
  end();
}

void Process::signal(int number) const { ::kill(child_, number); }

bool Process::wait_until_stopped() const {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child_), &info, WSTOPPED | WEXITED | WNOWAIT);
  return info.si_code == CLD_STOPPED;
}

End Process::end() {
  End out;
  char what = 0;
  Bytes data;
  bool whole = read_message(result_, what, data);
  if (whole) out.error = to_string(data);
  whole = whole && read_message(result_, what, data);
  if (whole) out.id = to_string(data);
  whole = whole && read_message(result_, what, data);
  if (whole) {
    out.attempts = data.at(0);
    out.can_resume = data.at(1) != 0;
    out.rebuilt = data.at(2);
  }
  ::close(result_);
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  host_.hang_up(line_);
  out.killed = WIFSIGNALED(status);
  return out;
}

}  // namespace cw::journal
