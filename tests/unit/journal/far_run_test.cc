// A run on a device waits for a report in the store, and not in memory: whoever takes it up goes on in the same attempt
// and in the same secure channel, or the attempt ends and nothing wrong goes out.
#include "far_run.h"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hex.h"
#include "journal/replay_run.h"
#include "journal/wire_check.h"

namespace cw::journal {
namespace {

using engine::Relay;

const std::string kCap = std::string(CW_SOURCE_DIR) + "/tests/caps/transit-2.1.cap";

struct Call {
  std::string flow;
  std::vector<std::string> settings;
};
const Call kInstall{"demo/install", {"cap=" + kCap}};
const std::vector<Call> kCalls{kInstall,
                               {"demo/inventory", {}},
                               {"demo/rotate-keys", {"old=demo.sd", "new=demo.sd2"}},
                               kInstall,
                               {"demo/remove", {"cap=" + kCap}}};

/// `bench` brings the secrets that the flow takes.
FarRun begin(Bench& bench, const Call& call, Relay relay) {
  bench.secrets.clear();
  if (call.flow == kInstall.flow) bench.secrets = {{"holder", "Ada Lovelace"}};
  return FarRun(bench, relay, call.flow, call.settings);
}

std::string error_of(const FarRun& far) {
  const auto& error = far.run->result().error;
  return error ? error->message() : "";
}

/// What the wires were, held against custody.
std::string on_the_wire(const Bench& bench, const std::string& id) {
  const auto store = bench.open_store();
  const OpenedJournal journal = open_journal(*store, id);
  engine::RunSetup setup = read_setup(*store, journal.head, journal.key);
  const std::map<std::string, Secret> secrets = std::move(setup.arguments.secrets);
  setup.arguments.secrets.clear();
  const auto keys = bench.keys();
  engine::Custody custody(*keys, secrets);
  WireCheck check(journal.lines, journal.key, custody, journal.head.traits);
  ReplayOptions options;
  options.around = [&](std::unique_ptr<engine::RunOutside> inner) { return check.around(std::move(inner)); };
  const Replayed replayed = replay_run(journal, std::move(setup), options);
  if (replayed.difference) return replayed.difference->message();
  return check.different().value_or(check.unchecked() > 0 ? "not all could be checked" : "");
}

class FarRunStory : public testing::TestWithParam<std::tuple<std::string, Relay>> {
 protected:
  const std::string& product() const { return std::get<0>(GetParam()); }
  Relay relay() const { return std::get<1>(GetParam()); }
};

TEST_P(FarRunStory, dropped_while_each_order_is_out_does_what_one_does_that_stays) {
  Bench stays(product());
  Bench drops(product());
  for (const Call& call : kCalls) {
    SCOPED_TRACE(call.flow);
    FarRun staying = begin(stays, call, relay());
    FarRun dropped = begin(drops, call, relay());
    staying.serve(false);
    dropped.serve(true);
    if (HasFatalFailure()) return;
    EXPECT_EQ(error_of(dropped), error_of(staying)) << "the keys of the second install are gone";
    EXPECT_EQ(dropped.run->result().attempts, 1u);
    EXPECT_EQ(dropped.device.exchanges, staying.device.exchanges);
    EXPECT_EQ(dropped.device.apdus, staying.device.apdus);
    EXPECT_EQ(memory_of(*drops.card), memory_of(*stays.card));
    const OpenedJournal one = open_journal(*stays.open_store(), staying.id);
    const OpenedJournal other = open_journal(*drops.open_store(), dropped.id);
    EXPECT_EQ(other.lines.recorded, one.lines.recorded);
    EXPECT_EQ(other.row.frames, one.row.frames);
    EXPECT_EQ(other.lines.wires.size(), one.lines.wires.size());
    EXPECT_EQ(on_the_wire(drops, dropped.id), on_the_wire(stays, staying.id));
    for (const store::BudgetRow& row : drops.open_store()->budgets().list("")) {
      EXPECT_EQ(row.spent.refused + row.spent.lost, 0) << row.account.card << " is charged with nothing";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Products, FarRunStory,
                         testing::Combine(testing::Values("generic", "jcop4", "smartcafe", "uicc", "secora"),
                                          testing::Values(Relay::stops, Relay::goes_on)),
                         [](const auto& story) {
                           return std::get<0>(story.param) +
                                  (std::get<1>(story.param) == Relay::stops ? "_relay_stops" : "_relay_goes_on");
                         });

TEST(FarRun, of_a_script_that_catches_what_is_refused_goes_on_as_well) {
  const std::string begins = R"(
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    isd:registry()
    local done = false
    run:step("one", { done = function() return done end, run = function()
      pcall(function() )";
  const std::string ends = R"( end)
      done = true
    end })
    run.card:send(hex.decode "80CA9F7F00")
    gp.open(run.card, { keys = "isd", flavor = run.flavor }):registry()
    run:step("two", { done = function() return done == 2 end, run = function() done = 2 end })
    run.card:send(hex.decode "80CA006600"))";
  // No line of the journal tells of either.
  for (const char* refused :
       {R"(keys.info "undeclared")", R"(run.card:send(hex.decode "80500000080102030405060708"))"}) {
    SCOPED_TRACE(refused);
    Bench stays;
    Bench drops;
    const Call call{stays.flow_file("refused", begins + refused + ends), {}};
    FarRun staying = begin(stays, call, Relay::goes_on);
    FarRun dropped = begin(drops, call, Relay::goes_on);
    staying.serve(false);
    dropped.serve(true);
    EXPECT_EQ(error_of(staying), "");
    EXPECT_EQ(error_of(dropped), "");
    EXPECT_EQ(dropped.run->result().attempts, 1u);
    EXPECT_EQ(dropped.device.apdus, staying.device.apdus);
    EXPECT_EQ(open_journal(*drops.open_store(), dropped.id).lines.recorded,
              open_journal(*stays.open_store(), staying.id).lines.recorded);
  }
}

/// As if the process had been killed: the run is held by one that is dead, and this one writes no more.
void kill_holder(const Bench& bench, const std::string& id) {
  store::open_database((bench.folder / "store.db").string(), false)->run({"UPDATE runs SET holder = ''", {}});
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = bench.open_store();
    store->runs().take(id, [](std::chrono::milliseconds) { return false; });
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
}

TEST(FarRun, whose_process_is_killed_with_the_report_in_hand_goes_on_in_the_same_attempt) {
  for (const Relay relay : {Relay::stops, Relay::goes_on}) {
    Bench whole;
    FarRun untroubled = begin(whole, kInstall, relay);
    untroubled.serve(false);
    Bench bench;
    FarRun far = begin(bench, kInstall, relay);
    while (const engine::Order* order = far.order()) {
      const engine::Report report = far.device.carry_out(*order);
      kill_holder(bench, far.id);
      far.report(report);  // it was taken, and the device hears nothing of that
      far.order();
      far.drop();
      far.take_up();
      ASSERT_NE(far.order(), nullptr);
      far.report(report);
    }
    ASSERT_FALSE(far.run->result().error) << far.run->result().error->message();
    EXPECT_EQ(far.run->result().attempts, 1u);
    EXPECT_EQ(far.device.apdus, untroubled.device.apdus);
    EXPECT_EQ(memory_of(*bench.card), memory_of(*whole.card));
    EXPECT_EQ(on_the_wire(bench, far.id), "");
  }
}

/// Up to the exchange that takes the LOADs.
void reach_loads(FarRun& far) {
  while (const engine::Order* order = far.order()) {
    const auto loads = [](const engine::Order::Item& item) { return item.pieces[0].ins == 0xE8; };
    if (std::any_of(order->items.begin(), order->items.end(), loads)) return;
    far.report(far.device.carry_out(*order));
  }
}

TEST(FarRun, ends_its_attempt_where_custody_has_other_keys_by_now) {
  Bench bench;
  FarRun far = begin(bench, kInstall, Relay::goes_on);
  reach_loads(far);
  ASSERT_NE(far.order(), nullptr);
  const Bytes was = FarRun::bytes_of(*far.order());
  const size_t apdus = far.device.apdus;
  far.drop();
  far.keys = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(
      Secret::copy(view(std::string("[isd]\ntype = aes\nversion = 30\nenc = 00112233445566778899AABBCCDDEEFF\n"
                                    "mac = 00112233445566778899AABBCCDDEEFF\ndek = 00112233445566778899AABBCCDDEEFF\n"
                                    "[demo.sd]\ntype = aes\nversion = 30\nenc = 00112233445566778899AABBCCDDEEFF\n"
                                    "mac = 00112233445566778899AABBCCDDEEFF\ndek = "
                                    "00112233445566778899AABBCCDDEEFF\n"))),
      "other keys"));
  far.take_up();
  const engine::Order* order = far.order();
  ASSERT_NE(order, nullptr) << "the next attempt asks the card who it is";
  EXPECT_NE(FarRun::bytes_of(*order), was);
  EXPECT_FALSE(order->items[0].wrapped);
  EXPECT_EQ(far.device.apdus, apdus);
  EXPECT_EQ(open_journal(*bench.open_store(), far.id).row.attempts, 2);
  EXPECT_NE(bench.replay(far.id).find("ends here without its end"), std::string::npos) << "and no difference";
}

TEST(FarRun, ends_where_custody_has_a_key_no_more) {
  Bench bench;
  FarRun far = begin(bench, kInstall, Relay::goes_on);
  reach_loads(far);
  far.drop();
  far.keys = std::make_shared<crypto::FileKeyStore>();
  EXPECT_THROW(far.take_up(), Error);
  EXPECT_EQ(memory_of(*bench.card).find("transit"), std::string::npos);
}

TEST(FarRun, charges_nothing_twice_for_an_order_that_is_never_reported) {
  for (const bool drops : {false, true}) {
    Bench bench;
    FarRun far = begin(bench, kInstall, Relay::goes_on);
    far.report(far.device.carry_out(*far.order()));
    far.report(far.device.carry_out(*far.order()));
    ASSERT_NE(far.order(), nullptr);
    for (int n = 0; drops && n < 5; ++n) {
      far.drop();
      far.take_up();
      ASSERT_NE(far.order(), nullptr);
    }
    far.report({{}, Error(ErrorKind::reader, "the device was not heard of any more"), {}});
    far.serve(false);
    EXPECT_EQ(far.run->result().attempts, 2u);
    int64_t lost = 0;
    for (const store::BudgetRow& row : bench.open_store()->budgets().list("")) lost += row.spent.lost;
    EXPECT_LE(lost, 1) << drops;
  }
}

TEST(FarRun, keeps_no_secret_and_no_key_in_the_text_of_its_journal) {
  Bench bench;
  FarRun far = begin(bench, kInstall, Relay::goes_on);
  far.serve(true);
  const auto store = bench.open_store();
  const crypto::SealingKey key = open_run_key(*store, far.id);
  std::string text;
  int64_t number = 0;
  for (const Bytes& frame : store->runs().frames(far.id)) text += text_view(key.open(frame, frame_context(number++)));
  EXPECT_NE(text.find("\"order\""), std::string::npos);
  for (const std::string& secret :
       {std::string("Ada Lovelace"), to_hex(view("Ada Lovelace")), std::string("101112131415161718191A1B1C1D1E1F"),
        to_hex(bench.flavor.keys.front().enc)}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << secret;
  }
}

}  // namespace
}  // namespace cw::journal
