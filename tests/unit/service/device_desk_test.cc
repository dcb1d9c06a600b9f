// The desk for devices, with one thread, and runs whose backend takes its time.
#include "service/device_desk.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "crypto/key_store.h"
#include "engine/bundle.h"
#include "engine/policy.h"
#include "one_run.h"

namespace cw::service {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFlow =
    "local http = require 'http'\n"
    "return { name = 'asks', summary = 'Asks a backend', needs = { backends = { 'https://x.example/' } },\n"
    "  run = function(run)\n"
    "    for _ = 1, 3 do http.request { url = 'https://x.example/' } end\n"
    "    run.card:send('\\x00\\xA4\\x04\\x00\\x00')\n"
    "  end }";

class Desk : public testing::Test {
 protected:
  Desk() {
    char name[] = "/tmp/cw-device-desk-XXXXXX";
    folder_ = ::mkdtemp(name);
    std::ofstream(folder_ / "asks.lua") << kFlow;
    const auto library = engine::Bundle::load(CW_SOURCE_DIR);
    bundle_ = library->with_file(folder_ / "asks.lua");
    policy_ = engine::Policy::parse(
        "test.lua", "return { name = 'test', api = 1, allow = { backends = { ['https://x.example/'] = {} } } }",
        *library);
    desk_.emplace(
        DeviceDesk::Setup{
            [this](const std::string& ticket, engine::Relay relay) { return open(ticket, relay); }, {}, 1},
        counters_);
  }
  ~Desk() override {
    let_go();
    desk_.reset();
    fs::remove_all(folder_);
  }

  std::unique_ptr<DeviceRun> open(const std::string& ticket, engine::Relay relay) {
    engine::RunSetup setup;
    setup.bundle = bundle_;
    setup.flow_name = (folder_ / "asks.lua").generic_string();
    setup.policy = policy_;
    setup.keys = std::make_shared<crypto::FileKeyStore>();
    setup.device = engine::Device{"device", relay};
    setup.http = [this, slow = ticket == "slow"](const host::HttpCall&) {
      if (slow) released_.wait();
      ++calls_;
      return host::HttpReply{};
    };
    return std::make_unique<OneRun>(std::move(setup), ticket);
  }
  /// What a device finds that reports what it was ordered, if it was, and asks: an order, its end (1 and 2), or that it
  /// is to wait (0).
  int ask(const std::string& ticket) {
    std::promise<int> found;
    const auto hear = [](DeviceCall* call, const Error*) {
      DeviceSession& session = *call->session;
      if (!session.order()) return true;
      Report report;
      report.answers.assign(session.order()->commands.size(), Bytes{0x6A, 0x82});
      session.reported(report);
      return true;
    };
    const auto answer = [&](DeviceCall& call) {
      found.set_value(call.session->over() ? 2 : call.session->order() ? 1 : 0);
    };
    desk_->post(ticket, engine::Relay::goes_on, {hear, answer});
    return found.get_future().get();
  }
  int until_not_waiting(const std::string& ticket) {
    int found = 0;
    while (found == 0) found = ask(ticket);
    return found;
  }
  void let_go() {
    if (!let_go_) release_.set_value();
    let_go_ = true;
  }

  fs::path folder_;
  std::shared_ptr<const engine::Bundle> bundle_;
  std::shared_ptr<const engine::Policy> policy_;
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  bool let_go_ = false;
  std::atomic<int> calls_{0};
  DeviceCounters counters_;
  std::optional<DeviceDesk> desk_;
};

TEST_F(Desk, a_backend_that_is_slow_keeps_no_other_device_waiting) {
  for (const char* ticket : {"slow", "quick"}) EXPECT_EQ(ask(ticket), 1) << "who its card is";
  EXPECT_EQ(ask("slow"), 0) << "its device is to ask again";
  EXPECT_EQ(ask("slow"), 0);
  EXPECT_EQ(until_not_waiting("quick"), 1) << "by the same thread";
  EXPECT_EQ(calls_, 3);
  let_go();
  EXPECT_EQ(until_not_waiting("slow"), 1);
  EXPECT_EQ(calls_, 6);
}

TEST_F(Desk, a_session_that_ends_waits_for_its_call) {
  EXPECT_EQ(ask("slow"), 1);
  EXPECT_EQ(ask("slow"), 0);
  let_go();
  desk_.reset();
  EXPECT_GE(calls_, 1);
}

}  // namespace
}  // namespace cw::service
