// What the issuer refuses, and what a task is worth after that: foreign tenants and chips, lists of the wrong length,
// cards that are not what they say.
#include "base/hex.h"
#include "story.h"

namespace cw::issuer {
namespace {

void expect_refused(const Answer& answer, const std::string& part) {
  EXPECT_EQ(answer.code, Code::abnormal);
  EXPECT_NE(answer.message.find(part), std::string::npos) << answer.message;
}

TEST(Refusals, a_task_is_of_one_tenant_and_one_chip_and_others_do_not_end_it) {
  Story story({});
  const Answer begun = story.begin("CREATE_SSD");
  const auto answers = story.carry_out(*begun.apdus);
  expect_refused(story.report(begun.task, answers, "other"), "none of tenant other");
  expect_refused(story.report("00", answers), "none of tenant acme");
  expect_refused(story.report(begun.task, answers, "acme", "4790D32147000002"), "another chip");
  EXPECT_EQ(story.report(begun.task, answers).code, Code::normal);
}

TEST(Refusals, a_list_of_the_wrong_length_closes_the_task) {
  for (const unsigned wrong : {0u, 1u, 3u}) {
    Story story({});
    const Answer begun = story.begin("CREATE_SSD");
    auto answers = story.carry_out(*begun.apdus);
    answers.resize(wrong, "9000");
    expect_refused(story.report(begun.task, answers), wrong == 0 ? "empty" : "answers to 2 commands");
    expect_refused(story.report(begun.task, answers), "closed");
  }
}

TEST(Refusals, a_task_that_nobody_went_on_with_expires) {
  Story story({});
  const Answer begun = story.begin("CREATE_SSD");
  story.now += 601'000;
  expect_refused(story.report(begun.task, story.carry_out(*begun.apdus)), "expired");
  EXPECT_TRUE(story.run("CREATE_SSD").good);
}

TEST(Refusals, a_chip_has_one_task_and_a_newer_one_of_its_tenant_takes_it) {
  Story story({});
  const Answer first = story.begin("CREATE_SSD");
  expect_refused(story.begin("CREATE_SSD", "80", "F163617264770001", "other"), "another task");
  const Answer second = story.begin("CREATE_SSD");
  EXPECT_EQ(second.code, Code::normal);
  expect_refused(story.report(first.task, {"9000", "9000"}), "newer task");
}

TEST(Refusals, what_a_tenant_may_not_have) {
  Story story({});
  expect_refused(story.begin("CREATE_SSD", "A00000", "A0000000010101"), "none of the AIDs");
  expect_refused(story.begin("CREATE_SSD", "FFFFFF"), "more than tenant acme may have");
  expect_refused(story.begin("CREATE_SSD", "A04000"), "only one of them");
  expect_refused(story.begin("CREATE_SSD", "000000"), "lacks the Security Domain");
  expect_refused(story.begin("CREATE_SSD", ""), "expPrivilege is missing");
  expect_refused(story.begin("CREATE_SSD", "A00000", kSd, "other"), "more than tenant other");
  expect_refused(story.begin("LOCK_SSD"), "no SSD");
  expect_refused(story.begin("CREAT_SSD"), "did you mean 'CREATE_SSD'");
  expect_refused(story.begin("CREATE_SSD", "A00000", kSd, "acme", "1234"), "none of this issuer's cards");
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  expect_refused(story.begin("DELETE_SSD", "", kSd, "other"), "another tenant's");
  expect_refused(story.begin("CREATE_SSD", "800000", kSd, "other"), "another tenant's");
}

TEST(Refusals, keys_that_do_not_fit_a_card_are_tried_once) {
  Story story({"generic", "0370", "isd.wrong", "0370", ""});
  const auto first = story.run("CREATE_SSD");
  EXPECT_FALSE(first.good);
  EXPECT_NE(first.message.find("not tried again"), std::string::npos) << first.message;
  story.restart();
  const Answer second = story.begin("CREATE_SSD");
  expect_refused(second, "did not fit");
  EXPECT_FALSE(second.apdus);
  EXPECT_EQ(story.desk->allow_again(kSeId), 1u);
  EXPECT_EQ(story.begin("CREATE_SSD").code, Code::normal);
}

TEST(Refusals, a_card_that_offers_another_protocol_is_not_spoken_to) {
  Story story({"generic", "0360", "isd.aes", "0370", ""});
  const auto refused = story.run("CREATE_SSD");
  EXPECT_FALSE(refused.good);
  EXPECT_NE(refused.message.find("have 0360"), std::string::npos) << refused.message;
  EXPECT_TRUE(story.state().mismatches.empty());
}

/// Each answer of each round, changed in one bit, or replaced by a status word.
TEST(Refusals, an_answer_that_was_changed_is_never_taken_for_done) {
  for (unsigned round = 1; round <= 4; ++round) {
    for (const bool status : {false, true}) {
      Story story({});
      Answer answer = story.begin("CREATE_SSD");
      for (unsigned before = 1; before < round; ++before) {
        answer = story.report(answer.task, story.carry_out(*answer.apdus));
        ASSERT_EQ(answer.code, Code::normal) << answer.message;
      }
      auto answers = story.carry_out(*answer.apdus);
      std::string& last = answers.back();
      if (status) last = "6982";
      // The end of the data: of a cryptogram, of a MAC; or the status word where that is all.
      char& digit = last[last.size() > 4 ? last.size() - 5 : 0];
      if (!status) digit = digit == '0' ? '1' : '0';
      const Answer refused = story.report(answer.task, answers);
      expect_refused(refused, "");
      EXPECT_FALSE(story.state().domain(kSeId, from_hex(kSd)) != nullptr &&
                   story.state().domain(kSeId, from_hex(kSd))->keyed);
      expect_refused(story.report(answer.task, answers), "closed");
    }
  }
}

TEST(Refusals, an_ssd_that_was_wiped_is_found_missing_and_can_be_made_again) {
  Story story({});
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  story.card = std::make_shared<se::Card>(se::flavor("generic"));
  story.reader = std::make_unique<se::SimReader>(story.card);
  story.reader->reset();
  const auto locked = story.run("LOCK_SSD");
  EXPECT_FALSE(locked.good);
  EXPECT_NE(locked.message.find("not on the card"), std::string::npos) << locked.message;
  EXPECT_TRUE(story.run("CREATE_SSD").good);
}

TEST(Refusals, an_ssd_with_keys_that_was_not_made_here_is_left_alone) {
  Story story({});
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  story.desk->with_state([](State& state) { state = {}; });
  const auto again = story.run("CREATE_SSD");
  EXPECT_FALSE(again.good);
  EXPECT_NE(again.message.find("not made here"), std::string::npos) << again.message;
}

}  // namespace
}  // namespace cw::issuer
