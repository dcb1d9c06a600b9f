// Flows on a card far away: the same card comes of them as on a reader, in few exchanges; and what is lost, doubled or
// cut on the way costs an attempt and no more.
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/card_identity.h"
#include "engine/scheduler.h"
#include "far_device.h"
#include "host_side.h"
#include "lasting_memory.h"

namespace cw::engine {
namespace {

constexpr uint8_t kDes = 0x80;
const std::string kCaps = std::string(CW_SOURCE_DIR) + "/tests/caps/";

struct Call {
  std::string flow;
  std::vector<std::string> settings;
};
const Call kInstall{"demo/install", {"cap=" + kCaps + "transit-2.1.cap"}};
const Call kRotate{"demo/rotate-keys", {"old=demo.sd", "new=demo.sd2"}};
const Call kInventory{"demo/inventory", {}};
const Call kRemove{"demo/remove", {"cap=" + kCaps + "transit-2.1.cap"}};

std::shared_ptr<const crypto::KeyStore> keys_for(const se::Flavor& flavor) {
  const se::FactoryKeys& factory = flavor.keys.front();
  const std::string type = factory.type == kDes ? "des" : "aes";
  std::string text;
  const auto add = [&](const std::string& name, uint8_t version, const std::string& key) {
    text += "[" + name + "]\ntype = " + type + "\nversion = " + to_hex(version) + "\nenc = " + key + "\nmac = " + key +
            "\ndek = " + key + "\n";
  };
  add("isd", 0, to_hex(factory.enc));
  add("demo.sd", 0x30, "101112131415161718191A1B1C1D1E1F");
  add("demo.sd2", 0x31, "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF");
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "test keys"));
}

RunSetup setup_of(const Call& call, const se::Flavor& flavor) {
  static const auto bundle = Bundle::load(CW_SOURCE_DIR);
  static const auto policy = Policy::load(std::string(CW_SOURCE_DIR) + "/policies/default.lua", *bundle);
  std::vector<Setting> settings;
  for (const std::string& text : call.settings) settings.push_back(Setting::parse(text));
  if (call.flow == kInstall.flow) settings.push_back({"holder", Secret::copy(view("Ada Lovelace"))});
  RunSetup setup;
  setup.bundle = bundle;
  setup.flow_name = call.flow;
  setup.policy = policy;
  setup.arguments = Arguments::check(check_flow(*bundle, call.flow), std::move(settings));
  setup.keys = keys_for(flavor);
  setup.flavor = host_side(flavor);
  return setup;
}

RunResult on_reader(const Call& call, const se::Flavor& flavor, card::Reader& reader) {
  RunSetup setup = setup_of(call, flavor);
  setup.reader = &reader;
  Scheduler scheduler;
  scheduler.add(std::make_unique<Run>(std::move(setup)));
  scheduler.run_all();
  return scheduler.at(0).result();
}

RunResult far_away(const Call& call, const se::Flavor& flavor, FarDevice& device, Relay relay) {
  RunSetup setup = setup_of(call, flavor);
  setup.device = Device{"device:eSE", relay};
  Run run(std::move(setup));
  device.serve(run);
  return run.result();
}

class DeviceRun : public testing::TestWithParam<std::tuple<std::string, Relay>> {
 protected:
  const se::Flavor& flavor_ = se::flavor(std::get<0>(GetParam()));
  Relay relay_ = std::get<1>(GetParam());
};

TEST_P(DeviceRun, leaves_the_card_that_it_leaves_on_a_reader) {
  auto near = std::make_shared<se::Card>(flavor_);
  auto far = std::make_shared<se::Card>(flavor_);
  se::SimReader reader(near);
  FarDevice device(far, relay_);
  for (const Call& call : {kInstall, kInventory, kRotate, kInstall, kRemove}) {
    SCOPED_TRACE(call.flow);
    const RunResult here = on_reader(call, flavor_, reader);
    const RunResult there = far_away(call, flavor_, device, relay_);
    EXPECT_EQ(here.error ? here.error->message() : "", there.error ? there.error->message() : "");
    EXPECT_EQ(there.attempts, 1u);
    EXPECT_EQ(there.commands, here.commands) << "the same commands met the gate";
    EXPECT_EQ(lasting_memory(*far), lasting_memory(*near));
  }
}

TEST_P(DeviceRun, loads_a_whole_file_in_one_exchange) {
  auto card = std::make_shared<se::Card>(flavor_);
  FarDevice device(card, relay_);
  const RunResult result = far_away(kInstall, flavor_, device, relay_);
  ASSERT_FALSE(result.error) << result.error->message();
  const size_t largest = *std::max_element(device.sizes.begin(), device.sizes.end());
  EXPECT_GE(largest, 30u) << "INSTALL [for load] and every LOAD";
  EXPECT_LT(device.exchanges * 2, device.apdus);
}

/// Exchanges of the flow on this card.
size_t exchanges_of(const Call& call, const se::Flavor& flavor, std::shared_ptr<se::Card> card, Relay relay) {
  FarDevice device(std::move(card), relay);
  const RunResult result = far_away(call, flavor, device, relay);
  EXPECT_FALSE(result.error) << result.error->message();
  return device.exchanges;
}

TEST(DeviceRun, costs_as_many_exchanges_as_are_written_here) {
  const se::Flavor& flavor = se::flavor("generic");
  for (const Relay relay : {Relay::stops, Relay::goes_on}) {
    auto card = std::make_shared<se::Card>(flavor);
    const bool stops = relay == Relay::stops;
    EXPECT_EQ(exchanges_of(kInstall, flavor, card, relay), stops ? 11u : 12u) << "everything is to be done";
    EXPECT_EQ(exchanges_of(kInstall, flavor, card, relay), 4u) << "everything is there";
    EXPECT_EQ(exchanges_of(kInventory, flavor, card, relay), 4u);
    EXPECT_EQ(exchanges_of(kRotate, flavor, card, relay), 9u);
    EXPECT_EQ(exchanges_of(kRemove, flavor, card, relay), 9u);
  }
}

std::string identity_of(const std::shared_ptr<se::Card>& card) {
  se::SimReader reader(card);
  reader.reset();
  const auto ask = [&](const card::Apdu& command) { return card::exchange(reader, command, {}); };
  return told_identity(ask).value();
}

/// Of a run that knows its card beforehand; the budget is one that many runs share.
RunResult on_known_card(const Call& call, const se::Flavor& flavor, FarDevice& device, const Device& who) {
  RunSetup setup = setup_of(call, flavor);
  setup.ledger = std::make_shared<LocalLedger>(true);
  setup.device = who;
  Run run(std::move(setup));
  device.serve(run);
  return run.result();
}

/// The exchange that brings the last INSTALL [for install] of demo/install onto a card that is known beforehand.
size_t installed_in(const se::Flavor& flavor, const std::shared_ptr<se::Card>& card, Relay relay) {
  FarDevice device(card, relay);
  size_t installed = 0;
  device.look = [&](const Order& order, Report&) {
    for (const Order::Item& item : order.items) {
      if (item.pieces[0].ins == 0xE6 && (item.pieces[0].p1 & 0x04) != 0) installed = device.exchanges;
    }
  };
  const RunResult result = on_known_card(kInstall, flavor, device, {"device:eSE", relay, identity_of(card)});
  EXPECT_FALSE(result.error) << result.error->message();
  return installed;
}

TEST_P(DeviceRun, creates_and_keys_a_domain_and_installs_into_it_in_five_exchanges) {
  EXPECT_EQ(installed_in(flavor_, std::make_shared<se::Card>(flavor_), relay_), 5u);
}

TEST_P(DeviceRun, loads_and_installs_into_a_keyed_domain_in_three_exchanges_or_four) {
  auto card = std::make_shared<se::Card>(flavor_);
  FarDevice before(card, relay_);
  const Call keep_domain{"demo/remove", {"cap=" + kCaps + "transit-2.1.cap", "keep_domain=true"}};
  ASSERT_FALSE(far_away(kInstall, flavor_, before, relay_).error);
  ASSERT_FALSE(far_away(keep_domain, flavor_, before, relay_).error);

  const size_t installed = installed_in(flavor_, card, relay_);
  EXPECT_EQ(installed, relay_ == Relay::stops ? 3u : 4u);
}

TEST_P(DeviceRun, is_for_the_card_that_it_was_ordered_for) {
  auto card = std::make_shared<se::Card>(flavor_);
  const auto untouched = lasting_memory(*card);
  FarDevice device(card, relay_);
  const RunResult result = on_known_card(kInstall, flavor_, device, {"device:eSE", relay_, "CPLC-00112233"});
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::usage);
  EXPECT_NE(result.error->message().find("this run is for CPLC-00112233"), std::string::npos)
      << result.error->message();
  EXPECT_EQ(device.exchanges, 1u);
  EXPECT_EQ(result.attempts, 1u);
  EXPECT_EQ(lasting_memory(*card), untouched);
}

TEST_P(DeviceRun, goes_on_where_reports_are_lost) {
  auto whole = std::make_shared<se::Card>(flavor_);
  FarDevice untroubled(whole, relay_);
  ASSERT_FALSE(far_away(kInstall, flavor_, untroubled, relay_).error);
  for (size_t lost = 1; lost <= untroubled.exchanges; ++lost) {
    SCOPED_TRACE("report " + std::to_string(lost));
    auto card = std::make_shared<se::Card>(flavor_);
    FarDevice device(card, relay_);
    device.spoil = [&](Report& report) {
      if (device.exchanges == lost) report = {{}, Error(ErrorKind::reader, "the device was not heard of any more"), {}};
    };
    const RunResult result = far_away(kInstall, flavor_, device, relay_);
    EXPECT_FALSE(result.error) << result.error->message();
    EXPECT_EQ(result.attempts, 2u);
    EXPECT_EQ(lasting_memory(*card), lasting_memory(*whole));
  }
}

TEST_P(DeviceRun, hears_from_the_first_command_that_the_card_does_not_let_us_in) {
  auto card = std::make_shared<se::Card>(flavor_);
  FarDevice device(card, relay_);
  bool spoiled = false;
  device.look = [&](const Order& order, Report& report) {
    for (size_t i = 0; i < order.items.size() && i < report.answers.size(); ++i) {
      if (order.items[i].pieces[0].ins != 0x82 || std::exchange(spoiled, true)) continue;
      report.answers.resize(i + 1);
      report.answers[i] = {{}, 0x6300};
    }
  };
  const RunResult result = far_away(kInstall, flavor_, device, relay_);
  ASSERT_TRUE(spoiled);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::card);
  EXPECT_EQ(result.error->sw(), 0x6300);
  EXPECT_NE(result.error->message().find("EXTERNAL AUTHENTICATE"), std::string::npos) << result.error->message();
  EXPECT_EQ(result.attempts, 1u) << "it is not tried again";
}

TEST_P(DeviceRun, goes_on_where_power_was_lost_within_an_order) {
  auto whole = std::make_shared<se::Card>(flavor_);
  FarDevice untroubled(whole, relay_);
  ASSERT_FALSE(far_away(kInstall, flavor_, untroubled, relay_).error);
  for (unsigned torn = 0; torn < untroubled.apdus; torn += 7) {
    for (const se::Tear when : {se::Tear::before, se::Tear::after}) {
      SCOPED_TRACE("command " + std::to_string(torn));
      auto card = std::make_shared<se::Card>(flavor_);
      FarDevice device(card, relay_);
      card->tear_next(when, torn);
      const RunResult result = far_away(kInstall, flavor_, device, relay_);
      EXPECT_FALSE(result.error) << result.error->message();
      EXPECT_EQ(lasting_memory(*card), lasting_memory(*whole));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Products, DeviceRun,
                         testing::Combine(testing::Values("generic", "jcop4", "smartcafe", "uicc", "secora"),
                                          testing::Values(Relay::stops, Relay::goes_on)),
                         [](const auto& story) {
                           return std::get<0>(story.param) +
                                  (std::get<1>(story.param) == Relay::stops ? "_relay_stops" : "_relay_goes_on");
                         });

}  // namespace
}  // namespace cw::engine
