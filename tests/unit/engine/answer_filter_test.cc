// What a recording shows of answers that are not for everybody.
#include "engine/answer_filter.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace cw::engine {
namespace {

host::Command get_data(uint16_t object) {
  return {.cla = 0x80, .ins = 0xCA, .p1 = static_cast<uint8_t>(object >> 8), .p2 = static_cast<uint8_t>(object)};
}

class AnswerFilterTest : public ::testing::Test {
 protected:
  AnswerFilterTest() {
    arguments_.values["number"] = std::string("4711");
    arguments_.values["short"] = std::string("42");
    arguments_.values["aid"] = from_hex("F063617264770101");
    arguments_.values["zeros"] = from_hex("00000000");
    secret("holder", "Ada Lovelace");
    secret("pin", "12");
  }
  void secret(const std::string& name, std::string_view text) {
    arguments_.values[name] = SecretArgument{static_cast<uint32_t>(text.size())};
    arguments_.secrets[name] = Secret::copy(view(text));
  }
  bool shows(const host::Command& command, std::string_view answer) const {
    AnswerFilter filter(arguments_, false);
    for (const host::Command& one : sent_) filter.sent(one);
    return filter.shows(command, view(answer));
  }

  Arguments arguments_;
  std::vector<host::Command> sent_;
};

TEST_F(AnswerFilterTest, an_answer_of_an_applet_is_left_out) {
  EXPECT_FALSE(shows(get_data(0x0101), "Grace Hopper"));
  EXPECT_FALSE(shows({.cla = 0x00, .ins = 0xB0}, "Grace Hopper"));
  EXPECT_TRUE(shows(get_data(0x0101), ""));
}

TEST_F(AnswerFilterTest, what_globalplatform_defines_is_shown) {
  EXPECT_TRUE(shows(get_data(0x00E0), "anything"));
  EXPECT_TRUE(shows({.cla = 0x80, .ins = 0xF2}, "anything"));
}

TEST_F(AnswerFilterTest, a_value_that_is_a_plain_argument_is_shown_as_it_is_or_under_the_tag_asked_for) {
  EXPECT_TRUE(shows(get_data(0x0102), "4711"));
  EXPECT_TRUE(shows(get_data(0x0102), std::string("\x01\x02\x04") + "4711"));
  EXPECT_TRUE(shows(get_data(0x0050), std::string("\x50\x04") + "4711"));
  EXPECT_TRUE(shows(get_data(0x0050), std::string("\x50\x81\x04") + "4711"));
}

TEST_F(AnswerFilterTest, a_part_of_one_or_more_than_one_is_left_out) {
  EXPECT_FALSE(shows(get_data(0x0102), "471"));
  EXPECT_FALSE(shows(get_data(0x0102), "47114711"));
  EXPECT_FALSE(shows(get_data(0x0102), std::string("\x01\x03\x04") + "4711")) << "another tag";
  EXPECT_FALSE(shows(get_data(0x0102), std::string("\x01\x02\x05") + "4711")) << "another length";
  EXPECT_FALSE(shows(get_data(0x0102), std::string("\x01\x02\x04") + "4711" + "x"));
  EXPECT_FALSE(shows(get_data(0x0102), std::string("\x01\x02"))) << "cut";
  EXPECT_FALSE(shows({.cla = 0x00, .ins = 0xB0, .p1 = 1, .p2 = 2}, std::string("\x01\x02\x04") + "4711"));
}

TEST_F(AnswerFilterTest, a_value_that_may_be_the_same_by_chance_is_left_out) {
  EXPECT_FALSE(shows(get_data(0x0102), "42"));
  EXPECT_FALSE(shows(get_data(0x0102), std::string_view("\0\0\0\0", 4)));
}

TEST_F(AnswerFilterTest, whole_data_that_was_sent_in_the_clear_is_known_from_then_on) {
  EXPECT_FALSE(shows(get_data(0x0102), "sent before"));
  host::Command put{.cla = 0x80, .ins = 0xDA};
  put.data = host::Data(to_bytes(std::string_view("sent before")));
  sent_.push_back(put);
  EXPECT_TRUE(shows(get_data(0x0102), "sent before"));
  EXPECT_FALSE(shows(get_data(0x0102), "sent"));
}

TEST_F(AnswerFilterTest, bytes_beside_a_secret_are_no_whole_data) {
  host::Command store{.cla = 0x80, .ins = 0xE2};
  store.data = host::Data(to_bytes(std::string_view("beside")));
  store.data.add(host::SecretPart{"pin", 2});
  sent_.push_back(store);
  EXPECT_FALSE(shows(get_data(0x0102), "beside"));
}

TEST_F(AnswerFilterTest, an_answer_with_the_bytes_of_a_secret_is_left_out_whatever_it_is) {
  EXPECT_FALSE(shows({.cla = 0x00, .ins = 0xA4}, "label of Ada Lovelace"));
  EXPECT_TRUE(shows({.cla = 0x00, .ins = 0xA4}, "12 by chance"));
  secret("code", "4711");
  EXPECT_FALSE(shows(get_data(0x0102), "4711")) << "it would say that the code is the number";
}

TEST_F(AnswerFilterTest, everything_is_shown_where_that_was_asked_for) {
  EXPECT_TRUE(AnswerFilter(arguments_, true).shows(get_data(0x0101), view("Ada Lovelace")));
}

}  // namespace
}  // namespace cw::engine
