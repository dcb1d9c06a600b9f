// Opening secure channels, and what ends them.
#include <gtest/gtest.h>

#include "base/hex.h"
#include "story.h"

namespace cw::modules::test {

TEST(Channel, OpensWithMacAndEncryptionByDefault) {
  Story story;
  story.opened(1);
  EXPECT_EQ(story.run("local c = card:open_channel{ keys = 'isd' } return c.scp .. ' ' .. c.i .. ' ' .. c.level .. ' ' "
                      ".. c.key_version .. ' ' .. hex.encode(c.diversification_data) .. ' ' .. "
                      "hex.encode(c.sequence_counter) .. ' ' .. c.max_data .. ' ' .. tostring(c)"),
            "3 112 mac+enc 48 00010203040506070809 00002A 239 SCP03 channel, mac+enc");
  const auto& request = story.request<host::OpenChannel>(0);
  EXPECT_EQ(request.keys, "isd");
  EXPECT_EQ(request.level, 0x03);
  EXPECT_EQ(request.key_version, 0);
  EXPECT_FALSE(request.scp);
  EXPECT_TRUE(request.aid.empty());
  EXPECT_FALSE(request.s16);
}

TEST(Channel, OpensAsAsked) {
  Story story;
  story.opened(1, 0x33);
  EXPECT_EQ(
      story.run("return card:open_channel{ keys = 'acme.sd', level = 'mac+enc+rmac+renc', version = 0x30, scp = 3, "
                "aid = hex'A000000151000000', s16 = true }.level"),
      "mac+enc+rmac+renc");
  const auto& request = story.request<host::OpenChannel>(0);
  EXPECT_EQ(request.level, 0x33);
  EXPECT_EQ(request.key_version, 0x30);
  EXPECT_EQ(request.scp, 3);
  EXPECT_EQ(to_hex(request.aid), "A000000151000000");
  EXPECT_TRUE(request.s16);
}

TEST(Channel, NamesTheKeySetThatOpenedIt) {
  Story story;
  story.opened(1);
  EXPECT_EQ(story.run("return card:open_channel{ keys = 'isd' }.keys"), "isd");
}

TEST(Channel, OpensWithEitherOfTwoKeySetsAndNamesTheOneThatTheCardHas) {
  Story story;
  host::ChannelOpened opened;
  opened.channel = 1;
  opened.level = 0x03;
  opened.keys = "acme.old";
  story.reply(opened);
  EXPECT_EQ(story.run("return card:open_channel{ keys = 'acme.new', or_keys = 'acme.old', version = 0x30 }.keys"),
            "acme.old");
  const auto& request = story.request<host::OpenChannel>(0);
  EXPECT_EQ(request.keys, "acme.new");
  EXPECT_EQ(request.or_keys, "acme.old");
}

TEST(Channel, KnowsEveryLevel) {
  const std::pair<const char*, uint8_t> levels[] = {{"none", 0x00},         {"mac", 0x01},
                                                    {"mac+enc", 0x03},      {"mac+rmac", 0x11},
                                                    {"mac+enc+rmac", 0x13}, {"mac+enc+rmac+renc", 0x33}};
  for (const auto& [name, byte] : levels) {
    Story story;
    story.opened(1, byte);
    EXPECT_EQ(story.run(std::string("return card:open_channel{ keys = 'isd', level = '") + name + "' }.level"), name);
    EXPECT_EQ(story.request<host::OpenChannel>(0).level, byte);
  }
}

TEST(Channel, RefusesBadFields) {
  for (const char* fields :
       {"{}", "{ keys = 5 }", "{ keys = '' }", "{ keys = 'a b' }", "{ keys = 'x> <key isd/0' }",
        "{ keys = 'isd', level = 'enc' }", "{ keys = 'isd', level = 3 }", "{ keys = 'isd', version = 256 }",
        "{ keys = 'isd', scp = 4 }", "{ keys = 'isd', aid = 'abcd' }", "{ keys = 'isd', s16 = 1 }",
        "{ keys = 'isd', kvn = 1 }", "nil"}) {
    Story story;
    EXPECT_EQ(story.fail(std::string("card:open_channel(") + fields + ")").kind(), ErrorKind::usage) << fields;
    EXPECT_TRUE(story.outside.requests.empty()) << fields;
  }
}

TEST(Channel, CarriesTheThreeVerbs) {
  Story story;
  story.opened(7);
  story.answer("", 0x6A80);
  story.answer("AA");
  story.reply(host::Answers{{{{}, 0x9000}, {{}, 0x9000}}});
  EXPECT_EQ(story.run("local c = card:open_channel{ keys = 'isd' } local sw = c:send(hex'80E2000000').sw "
                      "local data = c:expect(hex'80CA00E000') local all = c:send_all{ hex'80E80000', hex'80E88001' } "
                      "return sw .. hex.encode(data) .. #all"),
            std::to_string(0x6A80) + "AA2");
  for (size_t i = 1; i <= 3; ++i) EXPECT_EQ(story.request<host::Exchange>(i).channel, 7u);
}

TEST(Channel, ErrorsNameTheChannelsFunction) {
  Story story;
  story.opened(1);
  EXPECT_EQ(story.fail("card:open_channel{ keys = 'isd' }:expect(true)").message(),
            "Channel:expect: argument 1: expected a Command or the bytes of one, got a boolean");
}

/// What a channel says after `ending`.
std::string after(const std::string& ending, const std::vector<host::Reply>& replies) {
  Story story;
  story.opened(1);
  for (const host::Reply& reply : replies) story.reply(reply);
  const Error error = story.fail("local c = card:open_channel{ keys = 'isd' } " + ending +
                                 " assert(tostring(c):find('closed')) c:send(hex'80CA00E000')");
  EXPECT_EQ(error.kind(), ErrorKind::channel);
  EXPECT_EQ(story.outside.requests.size(), 1 + replies.size()) << "the command must not be sent";
  return error.message();
}

TEST(Channel, IsClosedBySelectCloseResetAndASecondOne) {
  const host::Reply ok = host::Answers{{{{}, 0x9000}}};
  const std::string advice = "; open a new one with Card:open_channel";
  EXPECT_EQ(after("card:select('')", {ok}), "the channel was closed by SELECT" + advice);
  EXPECT_EQ(after("card:send(hex'00A4040000')", {ok}), "the channel was closed by SELECT" + advice);
  EXPECT_EQ(after("c:send(hex'00A4040000')", {ok}), "the channel was closed by SELECT" + advice);
  EXPECT_EQ(after("card:reset()", {host::ResetDone{from_hex("3B00")}}), "the channel was closed by reset" + advice);
  EXPECT_EQ(after("c:close()", {host::ChannelClosed{}}), "the channel was closed by close" + advice);
  EXPECT_EQ(after("card:open_channel{ keys = 'isd' }", {host::ChannelOpened{.channel = 2}}),
            "the channel was closed by a new secure channel" + advice);
  EXPECT_EQ(after("pcall(card.open_channel, card, { keys = 'isd' })", {Error(ErrorKind::channel, "wrong keys")}),
            "the channel was closed by the attempt to open another" + advice);
}

TEST(Channel, StaysOpenWhenAnotherLogicalChannelIsSelected) {
  Story story;
  story.opened(1);
  story.answer("");
  story.answer("");
  EXPECT_EQ(story.run("local c = card:open_channel{ keys = 'isd' } card:send(hex'01A4040000') "
                      "return c:send(hex'80CA00E000').sw"),
            "36864");
}

TEST(Channel, ClosesTwiceWithoutAsking) {
  Story story;
  story.opened(3);
  story.reply(host::ChannelClosed{});
  EXPECT_EQ(story.run("local c = card:open_channel{ keys = 'isd' } c:close() c:close() return 'fine'"), "fine");
  EXPECT_EQ(story.request<host::CloseChannel>(1).channel, 3u);
  EXPECT_EQ(story.outside.requests.size(), 2u);
}

TEST(Channel, LetsPlansGoAheadOfIt) {
  Story story;
  story.opened(1);
  host::ChannelOpened opened;
  opened.channel = 2;
  opened.level = 0x03;
  opened.before = {{{{from_hex("AA"), 0x9000}}}, {{{{}, 0x6A82}, {from_hex("BB"), 0x9000}}}, {{{{}, 0x9000}}}};
  story.reply(opened);
  EXPECT_EQ(
      story.run("local old = card:open_channel{ keys = 'isd' } "
                "local c, answers = card:open_channel{ keys = 'sd', before = { "
                "{ on = old, plan = { hex'80E60C0000' } }, "
                "{ on = card, plan = { hex'00A4040000', hex'80CA00E000' }, each = true }, "
                "{ on = card, plan = { hex'00A4040000' } } } } "
                "return c.level .. hex.encode(answers[1][1].data) .. answers[2][1].sw .. #answers[2] .. #answers[3] "
                ".. tostring(old)"),
      "mac+encAA27266"
      "21SCP03 channel, mac+enc, closed");
  const auto& before = story.request<host::OpenChannel>(1).before;
  ASSERT_EQ(before.size(), 3u);
  EXPECT_EQ(before[0].channel, 1u);
  EXPECT_TRUE(before[0].stop_on_error);
  EXPECT_EQ(before[1].channel, 0u);
  EXPECT_FALSE(before[1].stop_on_error);
}

TEST(Channel, IsNoneWhereAPlanAheadOfItStopped) {
  Story story;
  story.opened(1);
  host::ChannelOpened none;
  none.before = {{{{{}, 0x6A82}}}};
  story.reply(none);
  EXPECT_EQ(story.run("local old = card:open_channel{ keys = 'isd' } "
                      "local c, answers = card:open_channel{ keys = 'sd', before = { { on = card, plan = { "
                      "hex'00A4040000' } } } } return tostring(c) .. answers[1][1].sw .. tostring(old)"),
            "nil27266SCP03 channel, mac+enc, closed");
}

TEST(Channel, RaisesWhyTheCardRefusedItThoughWhatWentAheadWasAnswered) {
  Story story;
  host::ChannelOpened refused;
  refused.before = {{{{{}, 0x9000}}}};
  refused.refused = Error(ErrorKind::card, "INITIALIZE UPDATE failed", 0x6A88);
  story.reply(refused);
  const Error error =
      story.fail("card:open_channel{ keys = 'sd', before = { { on = card, plan = { hex'00A4040000' } } } }");
  EXPECT_EQ(error.sw(), 0x6A88);
}

TEST(Channel, RefusesPlansThatCannotGoAhead) {
  for (const char* before : {"5", "{ 5 }", "{ {} }", "{ { on = card } }", "{ { on = card, plan = {} } }",
                             "{ { on = 5, plan = { hex'00A4040000' } } }", "{ { plan = { hex'00A4040000' } } }",
                             "{ { on = card, plan = { hex'80E60C0000' }, each = true } }",
                             "{ { on = card, plan = { hex'00A4040000' }, when = 1 } }"}) {
    Story story;
    const Error error = story.fail(std::string("card:open_channel{ keys = 'isd', before = ") + before + " }");
    EXPECT_EQ(error.kind(), ErrorKind::usage) << before;
    EXPECT_TRUE(story.outside.requests.empty()) << before;
  }
}

TEST(Channel, SendsEachOfAPlanThatOnlyReads) {
  Story story;
  story.reply(host::Answers{{{{}, 0x6A82}, {from_hex("AA"), 0x9000}}});
  EXPECT_EQ(story.run("local all = card:send_each{ hex'00A4040000', hex'80CA00E000' } return #all .. all[1].sw"),
            "227266");
  EXPECT_FALSE(story.request<host::Exchange>(0).stop_on_error);
  EXPECT_EQ(story.fail("card:send_each{ hex'80CA00E000', hex'80E4000000' }").kind(), ErrorKind::usage);
  EXPECT_EQ(story.outside.requests.size(), 1u) << "nothing was sent";
}

TEST(Channel, TellsWhenTheCardMayBeAnother) {
  Story story;
  story.answer("");
  story.answer("");
  story.answer("");
  story.reply(host::ResetDone{from_hex("3B00")});
  EXPECT_EQ(story.run("local out = tostring(card.changes) card:send(hex'00A4040000') card:send(hex'80CA00E000') "
                      "out = out .. card.changes card:send(hex'80E4000000') out = out .. card.changes card:reset() "
                      "return out .. card.changes"),
            "0012");
}

}  // namespace cw::modules::test
