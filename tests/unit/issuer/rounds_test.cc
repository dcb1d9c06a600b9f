// SSDs through apduList rounds on simulated cards: how many rounds, what the card has in the end, and what happens when
// an answer is lost in between.
#include "base/hex.h"
#include "issuer/card_talk.h"
#include "story.h"

namespace cw::issuer {
namespace {

constexpr unsigned kCreateRounds = 4;
constexpr unsigned kOtherRounds = 2;

class EachProduct : public testing::TestWithParam<Product> {};

crypto::KeySet keys_of(Story& story) {
  return CardTalk(story.configuration.cards[0], *story.keys)
      .domain_keys(kSeId, from_hex(kSd), *ScpConfig::parse(story.product.ssd_scp));
}

TEST_P(EachProduct, has_an_ssd_with_the_tenants_keys_after_four_rounds) {
  Story story(GetParam());
  const auto made = story.run("CREATE_SSD");
  ASSERT_TRUE(made.good) << made.message;
  EXPECT_EQ(made.rounds, kCreateRounds);
  const Seen seen = look_with(story, keys_of(story));
  EXPECT_EQ(seen.life_cycle, "0F");
  EXPECT_EQ(seen.privileges, "A00000");
  ASSERT_NE(story.domain(), nullptr);
  EXPECT_TRUE(story.domain()->keyed);
}

TEST_P(EachProduct, locks_unlocks_and_deletes_in_two_rounds) {
  Story story(GetParam());
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  for (const char* operation : {"LOCK_SSD", "LOCK_SSD", "UNLOCK_SSD", "UNLOCK_SSD"}) {
    const auto done = story.run(operation);
    EXPECT_TRUE(done.good) << operation << ": " << done.message;
    EXPECT_EQ(done.rounds, kOtherRounds) << operation;
    EXPECT_EQ(story.domain()->locked, std::string(operation) == "LOCK_SSD");
  }
  EXPECT_EQ(look_with(story, keys_of(story)).life_cycle, "0F");
  const auto gone = story.run("DELETE_SSD");
  EXPECT_TRUE(gone.good) << gone.message;
  EXPECT_EQ(gone.rounds, kOtherRounds);
  EXPECT_EQ(story.domain(), nullptr);
  EXPECT_EQ(story.carry_out({"00A4040008" + kSd + "00"}).back().substr(0, 4), "6A82");
}

TEST_P(EachProduct, makes_no_second_ssd_where_one_is) {
  Story story(GetParam());
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  const auto again = story.run("CREATE_SSD");
  EXPECT_TRUE(again.good) << again.message;
  EXPECT_EQ(again.rounds, kOtherRounds);
}

/// The SP-TSM goes away after each number of rounds, having carried out the last list or not; then it asks again.
TEST_P(EachProduct, converges_wherever_a_task_ended) {
  for (unsigned rounds = 1; rounds <= kCreateRounds; ++rounds) {
    for (const bool carried_out : {false, true}) {
      Story story(GetParam());
      Answer answer = story.begin("CREATE_SSD");
      for (unsigned round = 1; round < rounds; ++round)
        answer = story.report(answer.task, story.carry_out(*answer.apdus));
      if (carried_out) story.carry_out(*answer.apdus);
      story.restart();
      const auto again = story.run("CREATE_SSD");
      EXPECT_FALSE(again.gave_up) << "round " << rounds << ": an opening was not gone on with";
      ASSERT_TRUE(again.good) << "round " << rounds << (carried_out ? " lost: " : " not begun: ") << again.message;
      EXPECT_LE(again.rounds, kCreateRounds + 1);
      EXPECT_EQ(look_with(story, keys_of(story)).life_cycle, "0F");
    }
  }
}

TEST_P(EachProduct, goes_on_in_another_process_after_every_round) {
  Story story(GetParam());
  Answer answer = story.begin("CREATE_SSD");
  while (answer.code == Code::normal && !answer.apdus->empty()) {
    const std::vector<std::string> answers = story.carry_out(*answer.apdus);
    story.restart();
    answer = story.report(answer.task, answers);
  }
  EXPECT_EQ(answer.code, Code::normal) << answer.message;
  EXPECT_EQ(look_with(story, keys_of(story)).life_cycle, "0F");
}

TEST_P(EachProduct, answers_the_same_again_when_its_answer_was_lost) {
  Story story(GetParam());
  Answer answer = story.begin("CREATE_SSD");
  while (!answer.apdus->empty()) {
    const std::vector<std::string> answers = story.carry_out(*answer.apdus);
    const Answer first = story.report(answer.task, answers);
    const Answer second = story.report(answer.task, answers);
    EXPECT_EQ(first.apdus, second.apdus);
    ASSERT_EQ(second.code, Code::normal) << second.message;
    answer = second;
  }
  EXPECT_EQ(look_with(story, keys_of(story)).life_cycle, "0F");
}

/// Fewer rounds where INSTALL is tried at once; what is there already is found all the same.
TEST_P(EachProduct, installs_at_once_in_three_rounds_if_told_to) {
  Product product = GetParam();
  product.more += R"(, "look_first": false)";
  Story story(product);
  const auto made = story.run("CREATE_SSD");
  ASSERT_TRUE(made.good) << made.message;
  EXPECT_EQ(made.rounds, kCreateRounds - 1);
  story.desk->with_state([](State& state) { state.domains.clear(); });
  const auto again = story.run("CREATE_SSD");
  EXPECT_FALSE(again.good);
  EXPECT_NE(again.message.find("not made here"), std::string::npos) << again.message;
}

INSTANTIATE_TEST_SUITE_P(
    Products, EachProduct,
    testing::Values(Product{"generic", "0370", "isd.aes", "0370", ""},
                    Product{"generic", "0275", "isd.des", "0275", ""},
                    Product{"generic", "0370", "isd.aes", "0255", ""},
                    Product{"generic", "0255", "isd.des", "0255", ""},
                    Product{"generic", "0255", "isd.des", "0310", ""}, Product{"uicc", "0370", "isd.aes", "0370", ""},
                    Product{"uicc", "0215", "isd.des", "0215", ""}, Product{"jcop4", "0370", "isd.ff", "0370", ""},
                    Product{"secora", "0370", "isd.aes", "0370", ""},
                    Product{"smartcafe", "0215", "isd.old", "0215", R"(, "lock": "alone", "c9": "old")"},
                    Product{"generic", "0370", "isd.aes", "0370", R"(, "c9_more": "8400", "set_personalized": true)"}));

TEST(Rounds, a_card_without_content_management_is_named_in_the_error) {
  Story story({"yubikey", "0360", "isd.ff", "0360", R"(, "encrypt_empty_data": true)"});
  const auto refused = story.run("CREATE_SSD");
  EXPECT_FALSE(refused.good);
  EXPECT_NE(refused.message.find("6D00"), std::string::npos) << refused.message;
}

}  // namespace
}  // namespace cw::issuer
