#include "service/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cw::service {

namespace {

constexpr timespec kTick{0, 100'000'000};
constexpr int64_t kLivedWell = 60'000;  // ms: a worker that lived so long has not failed
constexpr int64_t kTooLate = 2'000;     // ms between two looks: we were stopped, and so were the workers
constexpr int64_t kAfterPatience = 5'000;

std::string end_of(int status) {
  if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
  const char* name = ::sigabbrev_np(WTERMSIG(status));
  return "signal " + (name != nullptr ? "SIG" + std::string(name) : std::to_string(WTERMSIG(status)));
}

}  // namespace

std::vector<std::string> names_of(const std::vector<Crew>& crews) {
  std::vector<std::string> out;
  for (const Crew& crew : crews) {
    for (unsigned i = 0; i < crew.count; ++i) out.push_back(crew.name + "-" + std::to_string(i));
  }
  return out;
}

Supervisor::Supervisor(SupervisorSetup setup, SharedCounters& counters, ServiceLog& log)
    : setup_(std::move(setup)),
      counters_(counters),
      log_(log),
      notify_(std::getenv("NOTIFY_SOCKET"), std::getenv("WATCHDOG_USEC")) {
  for (const Crew& crew : setup_.crews) {
    for (unsigned i = 0; i < crew.count; ++i) posts_.push_back({&crew, crew.name + "-" + std::to_string(i)});
  }
}

bool Supervisor::run() {
  block_signals();
  awake_since_ = last_look_ = steady_ms();
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&wanted, each);
  for (;;) {
    reap();
    look_after();
    if (stopping_since_ != 0 && all_gone()) return !cut_;
    take(sigtimedwait(&wanted, nullptr, &kTick));
  }
}

void Supervisor::take(int signal) {
  if (signal == SIGTERM) stop("SIGTERM");
  if (signal == SIGINT) stop("SIGINT");
  if (signal != SIGHUP || stopping_since_ != 0) return;
  // What is broken is not even shown to the workers.
  if (setup_.reload()) signal_all(SIGHUP);
}

void Supervisor::look_after() {
  const int64_t now = steady_ms();
  if (now - last_look_ > kTooLate) awake_since_ = now;
  last_look_ = now;
  if (stopping_since_ != 0) {
    const int64_t until = stopping_since_ + setup_.patience.count() + kAfterPatience;
    if (now > until && !cut_) {
      log_.error("workers did not stop in time and are killed");
      cut_ = true;
      signal_all(SIGKILL);
    }
    return;
  }
  for (size_t i = 0; i < posts_.size(); ++i) {
    if (posts_[i].pid == 0 && now >= posts_[i].due) start(i);
    if (posts_[i].pid != 0) kill_if_hung(i);
  }
  if (!told_ready_ && all_ready()) {
    told_ready_ = true;
    notify_.tell("READY=1");
    log_.info("the service is ready", {{"workers", posts_.size()}});
    if (setup_.ready) setup_.ready();
  }
  notify_.alive(now);
}

void Supervisor::start(size_t number) {
  Post& post = posts_[number];
  SharedWorker& place = counters_.at(number);
  const pid_t parent = ::getpid();
  place.state = WorkerState::starting;
  place.beat = steady_ms();
  std::cout << std::flush;
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Who outlives the supervisor would hold its sockets for ever.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    ::prctl(PR_SET_NAME, post.name.c_str());
    place.pid = ::getpid();
    place.starts += 1;
    log_.set_process(post.name);
    const auto open = [&] { return post.crew->open(place); };
    const WorkerSetup setup{open, setup_.reload, setup_.listeners, setup_.patience};
    const int status = work(setup, place, log_);
    // Nothing of the supervisor's is torn down here: it is still using it.
    ::_exit(status);
  }
  post.began = steady_ms();
  post.was_killed = false;
  if (pid > 0) {
    post.pid = pid;
    return;
  }
  log_.error("cannot start a worker", {{"worker", post.name}, {"why", std::strerror(errno)}});
  place.state = WorkerState::absent;
  post.due = steady_ms() + setup_.last_delay.count();
}

void Supervisor::reap() {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    const auto post = std::find_if(posts_.begin(), posts_.end(), [&](const Post& each) { return each.pid == pid; });
    // The first process of a machine gets the orphans of others, too.
    if (post != posts_.end()) died(static_cast<size_t>(post - posts_.begin()), status);
  }
}

void Supervisor::died(size_t number, int status) {
  Post& post = posts_[number];
  SharedWorker& place = counters_.at(number);
  place.state = WorkerState::absent;
  place.pid = 0;
  for (SharedDoor& door : place.doors) door.open = 0;
  place.devices.seram.sessions = place.devices.ram_http.sessions = 0;
  const pid_t pid = std::exchange(post.pid, 0);
  const bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (stopping_since_ != 0) {
    if (!well) cut_ = true;
    return;
  }
  const int64_t now = steady_ms();
  if (now - post.began >= kLivedWell) post.deaths = 0;
  const int64_t doubled = setup_.first_delay.count() << std::min(post.deaths, 20u);
  const int64_t delay = std::min<int64_t>(doubled, setup_.last_delay.count());
  post.deaths += 1;
  post.due = now + delay;
  log_.error("a worker ended and is started again",
             {{"worker", post.name}, {"pid", pid}, {"by", end_of(status)}, {"in_ms", delay}});
}

void Supervisor::kill_if_hung(size_t number) {
  Post& post = posts_[number];
  SharedWorker& place = counters_.at(number);
  // One that drains by itself says nothing meanwhile.
  const int64_t draining = place.state == WorkerState::draining ? setup_.patience.count() : 0;
  const int64_t quiet = steady_ms() - std::max(place.beat.load(), awake_since_);
  if (post.was_killed || quiet <= setup_.heart.count() + draining) return;
  log_.error("a worker gives no sign of life and is killed",
             {{"worker", post.name}, {"pid", post.pid}, {"quiet_ms", quiet}});
  post.was_killed = true;
  place.killed += 1;
  ::kill(post.pid, SIGKILL);
}

void Supervisor::stop(const char* why) {
  if (stopping_since_ != 0) {
    log_.warn("a second signal: what is under way is cut", {{"by", why}});
    cut_ = true;
    signal_all(SIGKILL);
    return;
  }
  stopping_since_ = steady_ms();
  notify_.tell("STOPPING=1");
  log_.info("the service stops: answers under way are finished", {{"by", why}});
  if (setup_.stop_listening) setup_.stop_listening();
  signal_all(SIGTERM);
}

void Supervisor::signal_all(int signal) {
  for (const Post& post : posts_) {
    if (post.pid != 0) ::kill(post.pid, signal);
  }
}

bool Supervisor::all_gone() const {
  return std::all_of(posts_.begin(), posts_.end(), [](const Post& post) { return post.pid == 0; });
}

bool Supervisor::all_ready() const {
  for (size_t i = 0; i < posts_.size(); ++i) {
    if (counters_.at(i).state != WorkerState::ready) return false;
  }
  return true;
}

}  // namespace cw::service
