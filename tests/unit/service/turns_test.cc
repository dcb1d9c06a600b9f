// Owners at the desk for devices, which has one thread for answers here and one for scripts that compute: a hundred
// scripts of one owner that never end keep nobody else waiting.
#include <filesystem>
#include <fstream>
#include <future>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "crypto/key_store.h"
#include "engine/bundle.h"
#include "engine/policy.h"
#include "one_run.h"
#include "service/device_desk.h"

namespace cw::service {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::string> kBodies = {
    {"spins", "coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()"},
    {"works", "for _ = 1, 5 do run.card:send('\\x00\\xA4\\x04\\x00\\x00') end"},
    {"computes", "local x = 0 for i = 1, 300000 do x = x + i end run.card:send('\\x00\\xA4\\x04\\x00\\x00')"}};

/// A ticket is "flow owner number".
class Turns : public testing::Test {
 protected:
  Turns() {
    char name[] = "/tmp/cw-turns-XXXXXX";
    folder_ = ::mkdtemp(name);
    const auto library = engine::Bundle::load(CW_SOURCE_DIR);
    bundle_ = library;
    for (const auto& [flow, body] : kBodies) {
      std::ofstream(file_of(flow)) << "return { name = '" << flow << "', summary = 'A test', run = function(run)\n"
                                   << body << "\nend }";
      bundle_ = bundle_->with_file(file_of(flow));
    }
    policy_ = engine::Policy::parse(
        "test.lua",
        "return { name = 'test', api = 1, limits = { instructions = 1000000000000, awake_s = 86400, attempts = 1 } }",
        *library);
    DeviceDesk::Setup setup;
    setup.open = [this](const std::string& ticket, engine::Relay relay) { return open(ticket, relay); };
    setup.threads = 1;
    setup.computing = 1;
    setup.waiting = 10;
    desk_.emplace(std::move(setup), counters_);
  }
  ~Turns() override {
    let_go();
    desk_.reset();
    fs::remove_all(folder_);
  }

  std::string file_of(const std::string& flow) const { return (folder_ / (flow + ".lua")).generic_string(); }
  std::unique_ptr<DeviceRun> open(const std::string& ticket, engine::Relay relay) {
    if (ticket == "blocks") {
      blocked_.set_value();
      released_.wait();
      throw Error(ErrorKind::usage, "no such ticket");
    }
    engine::RunSetup setup;
    setup.flow_name = file_of(ticket.substr(0, ticket.find(' ')));
    setup.owner = ticket.substr(ticket.find(' ') + 1, ticket.rfind(' ') - ticket.find(' ') - 1);
    setup.bundle = bundle_;
    setup.policy = policy_;
    setup.keys = std::make_shared<crypto::FileKeyStore>();
    setup.device = engine::Device{"device", relay};
    return std::make_unique<OneRun>(std::move(setup), ticket);
  }
  void let_go() {
    if (!let_go_) release_.set_value();
    let_go_ = true;
  }

  DeviceDesk::Work work(std::function<void(const DeviceSession&)> answered) {
    const auto hear = [](DeviceCall* call, const Error*) {
      if (call == nullptr) return false;
      DeviceSession& session = *call->session;
      if (!session.order()) return true;
      Report report;
      report.answers.assign(session.order()->commands.size(), Bytes{0x6A, 0x82});
      session.reported(report);
      return true;
    };
    return {hear, [answered = std::move(answered)](DeviceCall& call) { answered(*call.session); }};
  }
  /// The device reports what it was ordered, if it was, and asks; whether its run is over.
  bool ask(const std::string& ticket) {
    std::promise<bool> over;
    desk_->post(ticket, engine::Relay::goes_on,
                work([&](const DeviceSession& session) { over.set_value(session.over()); }));
    return over.get_future().get();
  }
  void until_over(const std::string& ticket) {
    while (!ask(ticket)) {
    }
  }
  /// From who its card is on it computes, and its next request is not answered any more.
  void spin(const std::string& ticket) {
    ask(ticket);
    desk_->post(ticket, engine::Relay::goes_on, work([](const DeviceSession&) { ADD_FAILURE() << "it has no end"; }));
  }

  fs::path folder_;
  std::shared_ptr<const engine::Bundle> bundle_;
  std::shared_ptr<const engine::Policy> policy_;
  std::promise<void> blocked_;
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  bool let_go_ = false;
  DeviceCounters counters_;
  std::optional<DeviceDesk> desk_;
};

TEST_F(Turns, a_hundred_scripts_that_never_end_keep_no_other_owner_waiting) {
  for (int i = 0; i < 100; ++i) spin("spins acme " + std::to_string(i));
  until_over("works globex 1");
  until_over("computes globex 2");
  EXPECT_TRUE(desk_->gets_on());
}

TEST_F(Turns, nor_another_script_of_the_same_owner) {
  for (int i = 0; i < 20; ++i) spin("spins acme " + std::to_string(i));
  until_over("works acme 20");
  until_over("computes acme 21");
}

TEST_F(Turns, a_session_that_computes_hears_its_next_request_after_the_answer) {
  std::promise<void> both;
  std::vector<int> order;
  ask("computes acme 1");
  desk_->post("computes acme 1", engine::Relay::goes_on, work([&](const DeviceSession&) { order.push_back(1); }));
  desk_->post("computes acme 1", engine::Relay::goes_on, work([&](const DeviceSession&) {
                order.push_back(2);
                both.set_value();
              }));
  both.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(Turns, of_the_requests_that_may_wait_one_owner_has_half_at_most) {
  ask("works acme 1");
  ask("works globex 1");
  desk_->post("blocks", engine::Relay::goes_on, work([](const DeviceSession&) {}));
  blocked_.get_future().wait();  // from here on nothing is taken up
  const auto post = [&](const std::string& ticket) {
    desk_->post(ticket, engine::Relay::goes_on, work([](const DeviceSession&) {}));
  };
  for (int i = 0; i < 5; ++i) post("works acme 1");
  EXPECT_THROW(post("works acme 1"), Error);
  for (int i = 0; i < 3; ++i) post("works globex 1");
  std::promise<void> answered;
  desk_->post("works globex 1", engine::Relay::goes_on, work([&](const DeviceSession&) { answered.set_value(); }));
  post("works initech 1");  // whose it is, nobody knows yet
  EXPECT_THROW(post("works globex 1"), Error) << "ten wait";
  EXPECT_THROW(post("works initech 2"), Error);
  let_go();
  answered.get_future().wait();
}

}  // namespace
}  // namespace cw::service
