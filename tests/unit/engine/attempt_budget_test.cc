#include "engine/attempt_budget.h"

#include <gtest/gtest.h>

#include "budget_desk.h"
#include "se/flavor.h"

namespace cw::engine {
namespace {

constexpr const char* kDomain = "F063617264770001";

class AttemptBudgetTest : public ::testing::Test {
 protected:
  std::unique_ptr<Desk> run(const CardCounter& counter = {}) {
    auto out = std::make_unique<Desk>(reader_, ledger_, counter);
    out->reset();
    return out;
  }
  /// A device that answers GET DATA as the card does, and INITIALIZE UPDATE with data and a cryptogram of its own.
  static Bytes impostor(ByteView command, const SpoiltReader::Pass& pass) {
    if (command[1] == 0x50) return from_hex("EEEEEEEEEEEEEEEEEEEE300370" + std::string(32, '5') + "0000019000");
    return pass(command);
  }
  static Bytes mute(ByteView command, const SpoiltReader::Pass& pass) {
    if (command[1] == 0x50) throw Error(ErrorKind::reader, "the card was removed");
    return pass(command);
  }
  void make_domain() {
    const auto desk = run();
    const host::ChannelId isd = desk->open("right");
    ASSERT_EQ(desk->send(isd, command("80E60C0024"
                                      "07A0000001515350"
                                      "08A000000151535041"
                                      "08F063617264770001"
                                      "0180"
                                      "06C90481020370"
                                      "00")),
              0x9000);
  }

  std::shared_ptr<LocalLedger> ledger_ = std::make_shared<LocalLedger>(/*shared=*/true);
  std::shared_ptr<se::Card> card_ = std::make_shared<se::Card>(se::flavor("generic"));
  SpoiltReader reader_{card_};
};

TEST_F(AttemptBudgetTest, runs_share_what_a_card_may_still_be_asked) {
  EXPECT_TRUE(run()->refusal("wrong0").starts_with("channel"));
  EXPECT_TRUE(run()->refusal("wrong1").starts_with("channel"));
  const std::string said = run()->refusal("right");
  EXPECT_NE(said.find("2 refused of 2"), std::string::npos) << said;
  EXPECT_EQ(reader_.count("50"), 2) << "the third was not sent";
}

TEST_F(AttemptBudgetTest, another_card_is_another_account) {
  run()->refusal("wrong0");
  run()->refusal("wrong1");
  card_->set_serial_number(7);
  EXPECT_EQ(run()->refusal("right"), "");
}

TEST_F(AttemptBudgetTest, two_dropped_contacts_do_not_block_a_healthy_card) {
  for (const se::Tear when : {se::Tear::after, se::Tear::inside}) {
    const auto desk = run();
    card_->tear_next(when, when == se::Tear::after ? 0 : 1);  // INITIALIZE UPDATE; EXTERNAL AUTHENTICATE
    EXPECT_TRUE(desk->refusal("right").starts_with("reader"));
  }
  EXPECT_EQ(run()->refusal("right"), "");
}

TEST_F(AttemptBudgetTest, what_got_no_answer_has_a_limit_of_its_own_and_success_forgives_it) {
  for (int round = 0; round < 2; ++round) {
    reader_.spoil = mute;
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(run()->refusal("right").starts_with("reader"));
    reader_.spoil = {};
    EXPECT_EQ(run()->refusal("right"), "");
  }
  reader_.spoil = mute;
  for (int i = 0; i < 5; ++i) run()->refusal("right");
  const std::string said = run()->refusal("right");
  EXPECT_NE(said.find("5 without an answer of 5"), std::string::npos) << said;
}

TEST_F(AttemptBudgetTest, a_run_that_died_is_charged_for_what_it_left_open) {
  struct Killed {};
  reader_.spoil = [](ByteView command, const SpoiltReader::Pass& pass) {
    if (command[1] == 0x50) throw Killed();
    return pass(command);
  };
  for (int i = 0; i < 5; ++i) {
    const auto desk = run();
    EXPECT_THROW(desk->open("right"), Killed);
    ledger_->lose();
  }
  reader_.spoil = {};
  EXPECT_TRUE(run()->refusal("right").starts_with("budget"));
}

TEST_F(AttemptBudgetTest, a_claimed_identity_does_not_burn_the_budget_of_the_card_that_was_seen) {
  EXPECT_EQ(run()->refusal("right"), "");
  reader_.spoil = impostor;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run()->refusal("wrong" + std::to_string(i)).starts_with("channel"));
  const std::string said = run()->refusal("right");
  EXPECT_NE(said.find("it may be a copy, so set it aside"), std::string::npos) << said;
  reader_.spoil = {};
  EXPECT_EQ(run()->refusal("right"), "");
}

TEST_F(AttemptBudgetTest, until_a_card_was_seen_whatever_is_refused_under_its_name_counts) {
  reader_.spoil = impostor;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run()->refusal("right").starts_with("channel"));
  reader_.spoil = {};
  EXPECT_TRUE(run()->refusal("right").starts_with("budget"));
}

TEST_F(AttemptBudgetTest, a_domain_without_keys_counts_against_its_parent) {
  make_domain();
  for (int i = 0; i < 2; ++i) {
    const auto desk = run();
    desk->select(kDomain);
    EXPECT_TRUE(desk->refusal("wrong" + std::to_string(i)).starts_with("channel"));
  }
  EXPECT_TRUE(run()->refusal("right").starts_with("budget")) << "the card has counted two against these keys";
}

TEST_F(AttemptBudgetTest, a_domain_that_was_given_keys_counts_for_itself_until_it_is_deleted) {
  make_domain();
  {
    const auto desk = run();
    desk->select(kDomain);
    const host::ChannelId parents = desk->open("right");
    host::Command put = command("80D8008100");
    put.data = host::Data(from_hex("31"));
    for (uint8_t index = 0; index < 3; ++index) put.data.add(host::Part(host::KeyPart{"own", index}));
    ASSERT_EQ(desk->send(parents, put), 0x9000) << card_->why();
    EXPECT_EQ(desk->refusal("own"), "");
  }
  for (int i = 0; i < 2; ++i) {
    const auto desk = run();
    desk->select(kDomain);
    EXPECT_NE(desk->refusal("wrong.any" + std::to_string(i)), "");
  }
  const auto desk = run();
  const host::ChannelId isd = desk->open("right");
  EXPECT_EQ(ledger_->marks(desk->card()).size(), 3u) << "it is keyed, and its data and those of the ISD were seen";
  ASSERT_EQ(desk->send(isd, command("80E400000A4F08F06361726477000100")), 0x9000);
  for (const std::string& mark : ledger_->marks(desk->card())) EXPECT_FALSE(mark.starts_with("keyed")) << mark;
}

TEST_F(AttemptBudgetTest, a_key_version_that_is_not_there_costs_nothing) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(run()->refusal("own").starts_with("card"));
}

TEST_F(AttemptBudgetTest, a_card_that_blocks_early_is_asked_less) {
  CardCounter counter;
  counter.limit = 3;
  EXPECT_TRUE(run(counter)->refusal("wrong0").starts_with("channel"));
  EXPECT_TRUE(run(counter)->refusal("right").starts_with("budget"));
  const ChargeLimits limits = authentication_limits({.auth_attempts = 5, .auth_lost = 20}, {});
  EXPECT_LT(limits.refused + limits.lost, kLowestCounter);
}

TEST_F(AttemptBudgetTest, a_card_that_counts_every_opening_for_good_is_charged_for_good) {
  const CardCounter counter{.every_attempt = true, .set_back = false, .limit = 10};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(counter)->refusal("right"), "");
  EXPECT_TRUE(run(counter)->refusal("right").starts_with("budget"));
}

TEST_F(AttemptBudgetTest, a_card_is_asked_who_it_is_only_where_several_are_known) {
  EXPECT_EQ(run()->card(), "CPLC-000000000000000000010000+KDD-00000000000000000001");
  EXPECT_EQ(reader_.sent, (std::vector<std::string>{"80CA9F7F00", "80CA00CF00"}));
  reader_.sent.clear();
  Desk alone(reader_, std::make_shared<LocalLedger>());
  alone.reset();
  EXPECT_TRUE(reader_.sent.empty());
}

TEST_F(AttemptBudgetTest, a_card_that_tells_nothing_is_known_by_its_atr) {
  se::Flavor plain = se::flavor("yubikey");
  plain.diversification_data = Bytes(10, 0);
  SpoiltReader reader(std::make_shared<se::Card>(plain));
  Desk desk(reader, ledger_);
  desk.reset();
  EXPECT_EQ(desk.card(), "ATR-3BFD1300008131FE158073C021C057597562694B657940");
}

TEST_F(AttemptBudgetTest, loads_that_fail_are_counted_and_a_good_one_forgives) {
  const auto install = [&](const std::string& module) {
    const auto desk = run();
    const host::ChannelId isd = desk->open("right");
    try {
      return to_hex16(desk->send(isd, command("80E60C0024"
                                              "07A0000001515350"
                                              "08" +
                                              module +
                                              "08F063617264770001"
                                              "0180"
                                              "06C90481020370"
                                              "00")));
    } catch (const Error& error) {
      return std::string(name_of(error.kind()));
    }
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(install("A0000001515350FF"), "6A88") << card_->why();
  make_domain();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(install("A0000001515350FF"), "6A88");
  EXPECT_EQ(install("A0000001515350FF"), "budget");
}

}  // namespace
}  // namespace cw::engine
