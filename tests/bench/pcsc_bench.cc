// What a command costs above the bare round trip through pcscd: cardwright's reader, and a flow on top of it.
//
//   pcsc_bench PORT
//
// A little card in a process of its own goes into the virtual reader of vpcd that listens on PORT, and answers 9000.
// The same command is sent over the same pcscd in three ways, in turns: by SCardTransmit, by card::PcscReader, and by a
// flow through script, gate, transport and reader. Prints one row of docs/PERFORMANCE.md for each of the latter.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winscard.h>

#include "card/pcsc.h"
#include "card/pcsc_reader.h"
#include "crypto/key_store.h"
#include "engine/observer.h"
#include "engine/run.h"
#include "engine/scheduler.h"

namespace cw {
namespace {

using Clock = std::chrono::steady_clock;
using Times = std::vector<double>;  // microseconds

constexpr int kTurns = 5;
constexpr int kCommands = 1000;  // in one turn of one way
constexpr uint8_t kCommand[] = {0x80, 0xCA, 0x00, 0x66, 0x00};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "pcsc_bench: %s\n", what);
  std::exit(1);
}

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

double median(Times times) {
  if (times.empty()) fail("nothing was measured");
  std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

/// vpcd's protocol, from the card's side; ends when the reader does.
[[noreturn]] void be_card(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) ::_exit(1);
  const int on = 1;
  const auto receive = [&](uint8_t* to, size_t count) {
    for (size_t got = 0; got < count;) {
      // vpcd writes length and message apart, and would wait 40 ms for the first to be acknowledged.
      ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
      const ssize_t more = ::recv(fd, to + got, count - got, 0);
      if (more <= 0) ::_exit(0);
      got += static_cast<size_t>(more);
    }
  };
  const uint8_t atr[] = {0, 4, 0x3B, 0x80, 0x01, 0x81};  // T=1, no historical bytes
  const uint8_t done[] = {0, 2, 0x90, 0x00};
  for (std::vector<uint8_t> message;;) {
    uint8_t length[2];
    receive(length, 2);
    message.resize(static_cast<size_t>(length[0] << 8 | length[1]));
    receive(message.data(), message.size());
    if (message.size() == 1 && message[0] == 4) {
      if (::send(fd, atr, sizeof(atr), MSG_NOSIGNAL) < 0) ::_exit(0);
    } else if (message.size() > 1 && ::send(fd, done, sizeof(done), MSG_NOSIGNAL) < 0) {
      ::_exit(0);
    }
  }
}

std::string wait_for_card() {
  for (int tries = 0; tries < 200; ++tries) {
    for (const card::PcscReaderInfo& reader : card::pcsc_readers()) {
      if (reader.present) return reader.name;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  fail("no card came into a reader");
}

void bare(const std::string& reader, Times& times) {
  SCARDCONTEXT context = 0;
  SCARDHANDLE handle = 0;
  DWORD protocol = 0;
  if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context) != SCARD_S_SUCCESS ||
      SCardConnect(context, reader.c_str(), SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T1, &handle, &protocol) !=
          SCARD_S_SUCCESS) {
    fail("SCardConnect failed");
  }
  uint8_t answer[258];
  for (int i = 0; i < kCommands; ++i) {
    DWORD size = sizeof(answer);
    const auto begin = Clock::now();
    const LONG code = SCardTransmit(handle, SCARD_PCI_T1, kCommand, sizeof(kCommand), nullptr, answer, &size);
    times.push_back(microseconds(Clock::now() - begin));
    if (code != SCARD_S_SUCCESS || size != 2) fail("SCardTransmit failed");
  }
  SCardDisconnect(handle, SCARD_LEAVE_CARD);
  SCardReleaseContext(context);
}

void through_reader(const std::string& name, Times& times) {
  card::PcscReader reader(name);
  reader.reset();
  for (int i = 0; i < kCommands; ++i) {
    const auto begin = Clock::now();
    const Bytes answer = reader.transmit(kCommand);
    times.push_back(microseconds(Clock::now() - begin));
    if (answer.size() != 2) fail("the reader gave another answer");
  }
}

/// From one answer to the next: all that a flow's command costs.
class Pace : public engine::Observer {
 public:
  explicit Pace(Times& times) : times_(times) {}
  void exchanged(const host::Command&, host::ChannelId, const host::Answer&, std::chrono::nanoseconds) override {
    const auto now = Clock::now();
    if (last_ != Clock::time_point()) times_.push_back(microseconds(now - last_));
    last_ = now;
  }

 private:
  Times& times_;
  Clock::time_point last_{};
};

class Flow {
 public:
  Flow() {
    char folder[] = "/tmp/cw-bench-XXXXXX";
    if (::mkdtemp(folder) == nullptr) fail("no folder for the flow");
    folder_ = folder;
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file) << "local apdu = require 'apdu'\n"
                           "return { name = 'bench', summary = 'Benchmark', run = function(run)\n"
                           "local get = apdu.command { cla = 0x80, ins = 0xCA, p1 = 0, p2 = 0x66 }\n"
                           "for _ = 1, "
                        << kCommands << " do run.card:send(get) end end }";
    const auto base = engine::Bundle::load(CW_SOURCE_DIR);
    bundle_ = base->with_file(file);
    name_ = file.generic_string();
    policy_ = engine::Policy::load(CW_SOURCE_DIR "/policies/default.lua", *base);
    keys_ = std::make_shared<crypto::FileKeyStore>();
  }
  ~Flow() { std::filesystem::remove_all(folder_); }

  void run(const std::string& reader_name, Times& times) const {
    card::PcscReader reader(reader_name);
    Pace pace(times);
    engine::RunSetup setup;
    setup.bundle = bundle_;
    setup.flow_name = name_;
    setup.policy = policy_;
    setup.keys = keys_;
    setup.reader = &reader;
    setup.observer = &pace;
    engine::Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
    scheduler.run_all();
    if (const auto& error = scheduler.at(0).result().error) fail(error->what());
  }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<const engine::Bundle> bundle_;
  std::string name_;
  std::shared_ptr<const engine::Policy> policy_;
  std::shared_ptr<const crypto::KeyStore> keys_;
};

void print(const char* what, double measured, double floor, const char* reach) {
  std::printf("| %s | %.0f us | SCardTransmit %.0f us | +%.1f us | %s |\n", what, measured, floor, measured - floor,
              reach);
}

int measure(uint16_t port) {
  const pid_t card = ::fork();
  if (card == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    be_card(port);
  }
  const std::string reader = wait_for_card();
  const Flow flow;
  Times floor, own, whole;
  for (int turn = 0; turn < kTurns; ++turn) {
    bare(reader, floor);
    through_reader(reader, own);
    flow.run(reader, whole);
  }
  print("a command over pcscd and vpcd, by the reader", median(own), median(floor), "<= +20 us");
  print("the same, by a flow: script, gate, transport", median(whole), median(floor), "<= +20 us");
  ::kill(card, SIGTERM);
  ::waitpid(card, nullptr, 0);
  return 0;
}

}  // namespace
}  // namespace cw

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: pcsc_bench PORT\n");
    return 2;
  }
  try {
    return cw::measure(static_cast<uint16_t>(std::strtoul(argv[1], nullptr, 0)));
  } catch (const cw::Error& error) {
    std::fprintf(stderr, "pcsc_bench: %s\n", error.what());
    return 1;
  }
}
