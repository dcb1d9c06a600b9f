// Workers die, hang and do not come up: the supervisor outlives it all. Each story is a process of its own, since a
// supervisor forks and is ended by signals.
#include "service/supervisor.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace cw::service {
namespace {

using std::chrono::milliseconds;

/// Long enough for a slow machine.
constexpr milliseconds kPatience{30'000};

/// What the worker is to do, and what it did: shared with it.
struct Script {
  std::atomic<bool> hang{false};
  std::atomic<bool> fail_to_start{false};
  std::atomic<bool> drain_for_ever{false};
  std::atomic<int> reloads{0};
  std::atomic<int> drained{0};
};

class ScriptedDoor : public Door {
 public:
  explicit ScriptedDoor(Script& script) : script_(script) {}
  void start(const Listeners&) override {
    if (script_.fail_to_start) throw Error(ErrorKind::usage, "the door is stuck");
  }
  bool drain(milliseconds) override {
    while (script_.drain_for_ever) ::usleep(1000);
    script_.drained += 1;
    return true;
  }
  void reload() override { script_.reloads += 1; }
  bool pulse(std::function<void()> beat) override {
    if (!script_.hang) beat();
    return true;
  }
  std::vector<DoorCounters> counters() const override { return {{"scripted", {1, 2, 0, 0, 0, 0, {}}}}; }

 private:
  Script& script_;
};

class Supervised : public testing::Test {
 protected:
  Supervised() : counters_({"one-0", "one-1"}), log_(::open("/dev/null", O_WRONLY), true, log::Level::debug) {
    void* page = ::mmap(nullptr, sizeof(Script), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    script_ = new (page) Script;
    setup_.crews = {{"one", 2, [this](SharedWorker&) { return std::make_unique<ScriptedDoor>(*script_); }}};
    setup_.heart = milliseconds(400);
    setup_.patience = milliseconds(100);
    setup_.first_delay = milliseconds(10);
    setup_.last_delay = milliseconds(50);
    setup_.reload = [this] { return !broken_; };
  }
  ~Supervised() override {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }

  void begin() {
    pid_ = ::fork();
    if (pid_ != 0) return;
    const bool whole = Supervisor(setup_, counters_, log_).run();
    ::_exit(whole ? 0 : 9);
  }
  void tell(int signal) const { ::kill(pid_, signal); }
  int end() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  bool comes_true(const std::function<bool()>& what) const {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!what()) {
      if (std::chrono::steady_clock::now() > until) return false;
      ::usleep(5000);
    }
    return true;
  }
  bool ready(size_t worker) const { return counters_.at(worker).state == WorkerState::ready; }
  bool all_ready() const {
    return comes_true([&] { return ready(0) && ready(1); });
  }

  SharedCounters counters_;
  ServiceLog log_;
  Script* script_ = nullptr;
  SupervisorSetup setup_{};
  bool broken_ = false;
  pid_t pid_ = 0;
};

TEST_F(Supervised, a_worker_that_dies_is_started_again) {
  begin();
  ASSERT_TRUE(all_ready());
  for (uint64_t times = 2; times < 5; ++times) {
    const pid_t before = counters_.at(0).pid;
    ::kill(before, SIGKILL);
    EXPECT_TRUE(comes_true([&] { return counters_.at(0).starts == times && ready(0); }));
    EXPECT_NE(counters_.at(0).pid, before);
  }
  EXPECT_EQ(counters_.at(1).starts, 1u) << "its neighbour has nothing to do with it";
  tell(SIGTERM);
  EXPECT_EQ(end(), 0);
}

TEST_F(Supervised, a_worker_that_hangs_is_killed_and_replaced) {
  begin();
  ASSERT_TRUE(all_ready());
  ::kill(counters_.at(1).pid, SIGSTOP);
  EXPECT_TRUE(comes_true([&] { return counters_.at(1).killed == 1 && counters_.at(1).starts == 2 && ready(1); }));
  EXPECT_EQ(counters_.at(0).killed, 0u);
  // Its main thread goes on, and its work does not.
  script_->hang = true;
  EXPECT_TRUE(comes_true([&] { return counters_.at(0).killed > 0 && counters_.at(1).killed > 1; }));
  script_->hang = false;
  // Those that hang still are replaced, too.
  const int64_t now = steady_ms();
  EXPECT_TRUE(comes_true([&] { return counters_.at(0).beat > now && counters_.at(1).beat > now; }));
  EXPECT_TRUE(all_ready());
  tell(SIGTERM);
  EXPECT_EQ(end(), 0);
}

TEST_F(Supervised, counters_of_a_worker_go_on_in_the_next_one) {
  begin();
  ASSERT_TRUE(all_ready());
  EXPECT_TRUE(comes_true([&] { return counters_.at(0).doors[0].accepted == 2; }));
  EXPECT_STREQ(counters_.at(0).doors[0].name.data(), "scripted");
  ::kill(counters_.at(0).pid, SIGKILL);
  EXPECT_TRUE(comes_true([&] { return counters_.at(0).starts == 2 && counters_.at(0).doors[0].accepted == 4; }));
  EXPECT_EQ(counters_.at(0).doors[0].open, 1u) << "what is open is not added up";
  tell(SIGTERM);
  EXPECT_EQ(end(), 0);
}

TEST_F(Supervised, a_worker_that_cannot_start_is_tried_again_until_it_can) {
  script_->fail_to_start = true;
  begin();
  EXPECT_TRUE(comes_true([&] { return counters_.at(0).starts > 3; }));
  EXPECT_FALSE(ready(0));
  script_->fail_to_start = false;
  EXPECT_TRUE(all_ready());
  tell(SIGINT);
  EXPECT_EQ(end(), 0);
}

TEST_F(Supervised, sighup_reaches_the_workers_unless_the_file_is_broken) {
  begin();
  ASSERT_TRUE(all_ready());
  tell(SIGHUP);
  EXPECT_TRUE(comes_true([&] { return script_->reloads == 2; }));
  EXPECT_EQ(counters_.at(0).starts, 1u);
  tell(SIGTERM);
  EXPECT_EQ(end(), 0);
  EXPECT_EQ(script_->drained, 2);

  broken_ = true;
  begin();
  ASSERT_TRUE(all_ready());
  tell(SIGHUP);
  tell(SIGTERM);
  EXPECT_EQ(end(), 0);
  EXPECT_EQ(script_->reloads, 2);
}

TEST_F(Supervised, a_second_signal_cuts_what_does_not_end) {
  setup_.patience = kPatience;
  begin();
  ASSERT_TRUE(all_ready());
  script_->drain_for_ever = true;
  tell(SIGTERM);
  EXPECT_TRUE(comes_true([&] { return counters_.at(0).state == WorkerState::draining; }));
  tell(SIGTERM);
  EXPECT_EQ(end(), 9);
}

TEST_F(Supervised, workers_of_a_supervisor_that_is_killed_end_by_themselves) {
  begin();
  ASSERT_TRUE(all_ready());
  tell(SIGKILL);
  EXPECT_EQ(end(), -SIGKILL);
  EXPECT_TRUE(comes_true([&] { return script_->drained == 2; }));
}

TEST_F(Supervised, orphans_of_others_are_reaped_and_forgotten) {
  // As the first process of a machine: it gets children that it did not start.
  const std::string note = "/tmp/cw-orphan-" + std::to_string(::getpid());
  setup_.ready = [&] {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(3);
    std::ofstream(note) << child;
  };
  begin();
  ASSERT_TRUE(all_ready());
  ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(note) && std::filesystem::file_size(note) > 0; }));
  pid_t child = 0;
  std::ifstream(note) >> child;
  EXPECT_TRUE(comes_true([&] { return ::kill(child, 0) != 0; })) << "nobody waited for it";
  std::filesystem::remove(note);
  tell(SIGTERM);
  EXPECT_EQ(end(), 0);
}

TEST_F(Supervised, the_init_system_is_told_what_happens) {
  const std::string path = "/tmp/cw-notify-" + std::to_string(::getpid());
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "200000", 1);
  begin();
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  std::vector<std::string> said;
  const auto hear = [&] {
    char text[64];
    const ssize_t size = ::recv(socket.get(), text, sizeof text, 0);
    return std::string(text, size > 0 ? static_cast<size_t>(size) : 0);
  };
  std::string word;
  while ((word = hear()) == "WATCHDOG=1") {
  }
  EXPECT_EQ(word, "READY=1");
  EXPECT_EQ(hear(), "WATCHDOG=1");
  tell(SIGTERM);
  while ((word = hear()) == "WATCHDOG=1") {
  }
  EXPECT_EQ(word, "STOPPING=1");
  EXPECT_EQ(end(), 0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace cw::service
