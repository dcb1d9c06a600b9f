// What a device reports, for the commands that it was sent: as few or as many answers as it likes.
#include "service/device_session.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {
namespace {

engine::Order::Item one(uint8_t ins) { return {{{.cla = 0x80, .ins = ins}}, false}; }
engine::Order::Item in_two(uint8_t ins) {
  return {{{.cla = 0x90, .ins = ins, .data = {1}}, {.cla = 0x80, .ins = ins, .data = {2}}}, true};
}

Report report(std::initializer_list<const char*> answers) {
  Report out;
  for (const char* answer : answers) out.answers.push_back(from_hex(answer));
  return out;
}

TEST(DeviceOrder, travels_piece_by_piece) {
  engine::Order order{{one(0xF2), in_two(0xE8)}, true};
  const Order out = travelling_order(order);
  ASSERT_EQ(out.commands.size(), 3u);
  EXPECT_EQ(to_hex(out.commands[0]), "80F20000");
  EXPECT_EQ(to_hex(out.commands[1]), "90E800000101");
  EXPECT_TRUE(out.once);
}

TEST(DeviceReport, has_an_answer_for_each_command) {
  const engine::Report out =
      report_of({{one(0xF2), in_two(0xE8), one(0xCA)}}, report({"019000", "9000", "9000", "6A88"}));
  EXPECT_FALSE(out.error);
  ASSERT_EQ(out.answers.size(), 3u);
  EXPECT_EQ(to_hex(out.answers[0].data), "01");
  EXPECT_EQ(out.answers[2].sw, 0x6A88);
}

TEST(DeviceReport, of_a_piece_that_was_refused_has_that_answer_whatever_came_after_it) {
  const engine::Report out = report_of({{in_two(0xE8), one(0xCA)}}, report({"6A84", "9000", "9000"}));
  ASSERT_EQ(out.answers.size(), 2u);
  EXPECT_EQ(out.answers[0].sw, 0x6A84);
  EXPECT_EQ(out.answers[1].sw, 0x9000);
}

TEST(DeviceReport, that_ends_early_says_why) {
  Report gone = report({"9000"});
  gone.outcome = Report::Outcome::unavailable;
  gone.message = "removed";
  const engine::Report out = report_of({{one(0xF2), one(0xCA)}}, gone);
  ASSERT_EQ(out.answers.size(), 1u);
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->kind(), ErrorKind::reader);
  EXPECT_NE(out.error->message().find("removed"), std::string::npos);
}

TEST(DeviceReport, with_an_answer_that_is_none_ends_there) {
  for (const char* none : {"", "90"}) {
    const engine::Report out = report_of({{one(0xF2), one(0xCA)}}, report({none, "9000"}));
    EXPECT_TRUE(out.answers.empty());
    EXPECT_TRUE(out.error);
  }
  const engine::Report half = report_of({{in_two(0xE8)}}, report({"9000"}));
  EXPECT_TRUE(half.answers.empty()) << "the last piece was not answered";
  EXPECT_TRUE(half.error);
}

}  // namespace
}  // namespace cw::service
