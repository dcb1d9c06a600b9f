// What a script, a relay or a wrong card could do to a card far away, and does not.
#include <cstdlib>
#include <fstream>
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/card_identity.h"
#include "factory_keys.h"
#include "far_device.h"
#include "host_side.h"

namespace cw::engine {
namespace {

const std::string kKeys = std::string(kFactoryKeys) + R"(
[wrong]
type = aes
version = 30
enc = 101112131415161718191A1B1C1D1E1F
mac = 101112131415161718191A1B1C1D1E1F
dek = 101112131415161718191A1B1C1D1E1F
)";
constexpr const char* kPolicy =
    "return { name = 'test', api = 1, allow = { flows = { '*' }, channel = { level = 'none' } } }";

/// A card in a device, and scripts for it; the budget is one that all of them share.
class HostileDevice : public testing::TestWithParam<Relay> {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cardwright-hostile-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunResult run(const std::string& body, const std::string& who = "") {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file) << "local gp, apdu, hex = require 'cw.gp', require 'apdu', require 'hex'\n"
                           "local run_\n"
                           "local function open(level)\n"
                           "  return gp.open(run_.card, { keys = 'isd', level = level, aid = hex'A000000151000000' })\n"
                           "end\n"
                           "return { name = 'test', summary = 'A test', args = { pin = { type = 'secret' } },\n"
                           "needs = { keys = { 'isd', 'wrong' } }, run = function(run)\nrun_ = run\n"
                        << body << "\nend }";
    std::vector<Setting> settings;
    settings.push_back({"pin", Secret::copy(view("1234"))});
    RunSetup setup;
    setup.bundle = bundle->with_file(file);
    setup.flow_name = file.generic_string();
    setup.policy = Policy::parse("p.lua", kPolicy, *bundle);
    setup.keys =
        std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(kKeys)), "test keys"));
    setup.arguments = Arguments::check(check_flow(*setup.bundle, setup.flow_name), std::move(settings));
    setup.ledger = ledger_;
    setup.flavor = host_side(se::flavor("generic"));
    setup.device = Device{"device:eSE", GetParam(), who};
    FarDevice device(card_, GetParam());
    device.look = look;
    engine::Run one(std::move(setup));
    device.serve(one);
    return one.result();
  }
  std::string identity() {
    se::SimReader reader(card_);
    reader.reset();
    return told_identity([&](const card::Apdu& command) { return card::exchange(reader, command, {}); }).value();
  }
  int64_t lost(const std::string& card, uint8_t version) {
    return ledger_->spent(Charge::authentication, {card, {}, "", version}).lost;
  }
  /// Counts commands of an instruction that were answered.
  void count(uint8_t ins, int& into) {
    look = [ins, &into](const Order& order, Report& report) {
      for (size_t i = 0; i < report.answers.size(); ++i) into += order.items[i].pieces[0].ins == ins ? 1 : 0;
    };
  }

  std::filesystem::path folder_;
  std::shared_ptr<se::Card> card_ = std::make_shared<se::Card>(se::flavor("generic"));
  std::shared_ptr<LocalLedger> ledger_ = std::make_shared<LocalLedger>(true);
  std::function<void(const Order&, Report&)> look{};
};

TEST_P(HostileDevice, with_another_card_in_it_costs_the_card_that_was_meant_nothing) {
  const RunResult result = run("open('mac')", "CPLC-00112233");
  EXPECT_TRUE(result.error);
  EXPECT_EQ(lost("CPLC-00112233", 0), 0);
}

TEST_P(HostileDevice, gets_nothing_that_changes_a_card_before_it_is_known_to_be_the_right_one) {
  int verified = 0;
  count(0x20, verified);
  run("run.card:send(apdu.command { cla = 0x00, ins = 0x20, p1 = 0, p2 = 0x81, data = hex'31323334' })",
      "CPLC-00112233");
  EXPECT_EQ(verified, 0);
}

TEST_P(HostileDevice, has_one_budget_whether_or_not_a_ticket_names_its_card) {
  int updates = 0;
  count(0x50, updates);
  const std::string tries = "pcall(function() gp.open(run.card, { keys = 'wrong' }) end)";
  for (const std::string& name : {std::string(), identity(), std::string(), identity()}) run(tries, name);
  EXPECT_LE(updates, 2) << "limits.auth_attempts";
}

TEST_P(HostileDevice, has_no_other_name_than_its_whole_one) {
  const std::string whole = identity();
  const size_t plus = whole.find('+');
  ASSERT_NE(plus, std::string::npos);
  for (const std::string& name : {whole.substr(0, plus), whole.substr(plus + 1)}) {
    int updates = 0;
    count(0x50, updates);
    const RunResult result =
        run("for _ = 1, 3 do pcall(function() gp.open(run.card, { keys = 'wrong' }) end) end\n"
            "gp.open(run.card, { keys = 'isd' })",
            name);
    ASSERT_TRUE(result.error);
    EXPECT_NE(result.error->message().find("this run is for " + name), std::string::npos) << result.error->message();
    EXPECT_LE(updates, 1) << "the one that travelled with the question";
  }
}

TEST_P(HostileDevice, is_not_charged_for_what_was_never_sent) {
  // A secret does not go out without encryption, so the first command of the channel is none.
  const std::string secret =
      "local ch = open('mac')\npcall(function() return ch:send(apdu.command { cla = 0x80, "
      "ins = 0xE2, p1 = 0x80, p2 = 0, data = run.args.pin }) end)";
  EXPECT_FALSE(run(secret).error);
  EXPECT_EQ(lost(identity(), 0x30), 0);
}

TEST_P(HostileDevice, is_not_asked_for_cryptograms_without_end) {
  int updates = 0;
  count(0x50, updates);
  const RunResult result = run("for _ = 1, 50 do gp.select(run.card, hex'A000000151000000') open('mac') end");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::budget) << result.error->message();
  EXPECT_LT(updates, 10);
}

TEST_P(HostileDevice, is_sent_once_what_no_channel_protects) {
  bool once = true;
  look = [&](const Order& order, Report&) {
    for (const Order::Item& item : order.items) {
      if (item.pieces[0].ins == 0xE2) once = once && order.once;
    }
  };
  const RunResult result =
      run("local ch = open('none')\n"
          "ch:send(apdu.command { cla = 0x80, ins = 0xF2, p1 = 0x80, p2 = 2, data = hex'4F00', le = 256 })\n"
          "ch:send(apdu.command { cla = 0x80, ins = 0xE2, p1 = 0x90, p2 = 0, data = hex'42020102' })");
  EXPECT_FALSE(result.error) << result.error->message();
  EXPECT_TRUE(once);
}

TEST_P(HostileDevice, that_breaks_off_behind_a_refusal_costs_an_attempt_and_no_more) {
  bool cut = false;
  look = [&](const Order& order, Report& report) {
    for (size_t i = 0; i < order.items.size(); ++i) {
      if (order.items[i].pieces[0].ins != 0xE6 || std::exchange(cut, true)) continue;
      report.answers.resize(i + 1);
      report.error = Error(ErrorKind::reader, "the device failed");
    }
  };
  const RunResult result =
      run("local ch = open('mac')\n"
          "ch.channel:send_all { apdu.command { cla = 0x80, ins = 0xE6, p1 = 0x02, p2 = 0, data = hex'00' },\n"
          "  apdu.command { cla = 0x80, ins = 0xE8, p1 = 0x80, p2 = 0, data = hex'C400' } }\n"
          "ch:expect(apdu.command { cla = 0x80, ins = 0xF2, p1 = 0x80, p2 = 2, data = hex'4F00', le = 256 })");
  EXPECT_FALSE(result.error) << result.error->message();
}

TEST_P(HostileDevice, keeps_a_channel_of_which_something_was_wrapped_and_not_sent) {
  const RunResult result = run(R"(
    local isd = open('mac')
    local status = apdu.command { cla = 0x80, ins = 0xF2, p1 = 0x80, p2 = 2, data = hex'4F00', le = 256 }
    isd:expect(status)
    local nothing = apdu.command { cla = 0x81, ins = 0xCA, p1 = 0x7F, p2 = 0x21, le = 256 }
    local other = run.card:open_channel { keys = 'isd', level = 'mac', logical_channel = 1, before = {
      { on = run.card, plan = { nothing } }, { on = isd.channel, plan = { status } } } }
    assert(other == nil)
    isd:expect(status))");
  EXPECT_FALSE(result.error) << result.error->message();
}

INSTANTIATE_TEST_SUITE_P(Relays, HostileDevice, testing::Values(Relay::stops, Relay::goes_on),
                         [](const auto& story) { return story.param == Relay::stops ? "that_stops" : "that_goes_on"; });

}  // namespace
}  // namespace cw::engine
