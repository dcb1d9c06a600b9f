// Commands to the card and through secure channels.
#include <gtest/gtest.h>

#include "base/hex.h"
#include "card/status.h"
#include "story.h"

namespace cw::modules::test {

TEST(Card, SaysWhatItIs) {
  EXPECT_EQ(Story().run("return hex.encode(card.atr) .. ' ' .. card.reader .. ' ' .. tostring(card.nothing)"),
            "3B00 sim:generic nil");
}

TEST(Card, SendReturnsAnyStatusWord) {
  Story story;
  story.answer("AABB", 0x6310);
  EXPECT_EQ(story.run("local a = card:send(apdu.parse(hex'80F24000024F0000')) return hex.encode(a.data) .. a.sw"),
            "AABB" + std::to_string(0x6310));
  const auto& exchange = story.request<host::Exchange>(0);
  EXPECT_EQ(exchange.channel, 0u);
  ASSERT_EQ(exchange.plan.size(), 1u);
  EXPECT_EQ(host::canonical(exchange.plan[0]), "80F24000 4F00 le=256");
}

TEST(Card, TakesACommandAsItsBytes) {
  Story story;
  story.answer("", 0x9000);
  story.run("card:send(hex'00A4040000')");
  EXPECT_EQ(host::canonical(story.request<host::Exchange>(0).plan[0]), "00A40400 le=256");
}

TEST(Card, ExpectReturnsDataOrRaisesWhatTheStatusWordMeans) {
  Story story;
  story.answer("0102");
  story.answer("", 0x6A88);
  const Error error =
      story.fail("assert(card:expect(hex'80CA9F7F00') == hex'0102') card:expect(hex'80E4000009 4F07F0636172647701')");
  EXPECT_EQ(error.kind(), ErrorKind::card);
  EXPECT_EQ(error.sw(), 0x6A88);
  EXPECT_EQ(error.message(), card::explain(0x6A88, 0x80, 0xE4, 0x00));
}

TEST(Card, ExpectTakesWarningsForErrors) {
  Story story;
  story.answer("AA", 0x6283);
  EXPECT_EQ(story.fail("card:expect(hex'00A4040000')").sw(), 0x6283);
}

TEST(Card, ErrorsOfTheOutsideAreRaisedInTheScript) {
  Story story;
  story.reply(Error(ErrorKind::reader, "the card was removed"));
  EXPECT_EQ(story.run("local ok, e = pcall(card.send, card, hex'00A40400') return tostring(ok) .. e.kind .. e.message"),
            "falsereaderthe card was removed");
}

TEST(Card, SendsAPlanAsOneBatch) {
  Story story;
  story.reply(host::Answers{{{from_hex("01"), 0x9000}, {from_hex(""), 0x6A84}}});
  EXPECT_EQ(story.run("local a = card:send_all{ hex'80E8000001AA', apdu.command{ ins = 0xE8, p1 = 0, p2 = 1, data = "
                      "cap:blocks(255)[1] }, hex'80E8800200' } return #a .. ' ' .. a[1].sw .. ' ' .. a[2].sw"),
            "2 36864 27268");
  const auto& exchange = story.request<host::Exchange>(0);
  EXPECT_EQ(exchange.plan.size(), 3u);
  EXPECT_TRUE(exchange.stop_on_error);
}

TEST(Card, AnEmptyPlanSendsNothing) {
  Story story;
  EXPECT_EQ(story.run("return #card:send_all{}"), "0");
  EXPECT_TRUE(story.outside.requests.empty());
}

TEST(Card, RefusesBadCommands) {
  for (const char* call :
       {"card:send(5)", "card:send()", "card:send('abc')", "card:expect{}", "card.send()",
        "card.send({}, hex'00A40400')", "card:send_all(5)", "card:send_all{ 5 }", "card:send_all{ a = 1 }",
        "card:send_all{ hex'00A40400', nil, hex'00A40400' }", "card:send_all(setmetatable({}, {}))",
        "card:select('12345678901234567')", "card:select()"}) {
    Story story;
    EXPECT_EQ(story.fail(call).kind(), ErrorKind::usage) << call;
    EXPECT_TRUE(story.outside.requests.empty()) << call;
  }
}

TEST(Card, ErrorsNameFunctionAndArgument) {
  EXPECT_EQ(Story().fail("card:send(5)").message(),
            "Card:send: argument 1: expected a Command or the bytes of one, got a number");
  EXPECT_EQ(Story().fail("card:send_all{ hex'00A40400', {} }").message(),
            "Card:send_all: argument 1[2]: expected a Command or the bytes of one, got a table");
}

TEST(Card, SelectsByName) {
  Story story;
  story.answer("6F00");
  story.answer("", 0x6A82);
  const Error error = story.fail("assert(card:select('') == hex'6F00') card:select(hex'A000000151')");
  EXPECT_EQ(error.sw(), 0x6A82);
  EXPECT_EQ(host::canonical(story.request<host::Exchange>(0).plan[0]), "00A40400 le=256");
  EXPECT_EQ(host::canonical(story.request<host::Exchange>(1).plan[0]), "00A40400 A000000151 le=256");
}

TEST(Card, ResetGivesTheAtr) {
  Story story;
  story.reply(host::ResetDone{from_hex("3B8001")});
  EXPECT_EQ(story.run("return hex.encode(card:reset())"), "3B8001");
}

TEST(Card, ChargesWhatAScriptSends) {
  Story story;
  story.limits.instructions = 200'000;
  EXPECT_EQ(story.fail("local c = hex'80E800000B' .. ('a'):rep(11) while true do apdu.parse(c) end").kind(),
            ErrorKind::budget);
}

TEST(Card, BoundsThePlan) {
  EXPECT_EQ(Story()
                .fail("local c = apdu.command{ ins = 1, data = ('a'):rep(65535) } local plan = {} "
                      "for i = 1, 100 do plan[i] = c end card:send_all(plan)")
                .kind(),
            ErrorKind::usage);
  EXPECT_EQ(Story().fail("local plan = {} for i = 1, 4097 do plan[i] = 'abcd' end card:send_all(plan)").kind(),
            ErrorKind::usage);
}

TEST(Card, RefusesAnAnswerOfAnotherKind) {
  Story story;
  story.reply(host::Waited{});
  EXPECT_EQ(story.fail("card:send(hex'00A40400')").kind(), ErrorKind::internal);
  Story none;
  none.reply(host::Answers{});
  EXPECT_EQ(none.fail("card:send(hex'00A40400')").kind(), ErrorKind::internal);
}

}  // namespace cw::modules::test
