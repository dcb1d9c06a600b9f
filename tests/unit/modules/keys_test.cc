#include <gtest/gtest.h>

#include "base/hex.h"
#include "story.h"

namespace cw::modules::test {

namespace {

Story with_keys() {
  Story story;
  story.outside.keys["isd"] = {"aes", 16, 0x30, {from_hex("504A77"), from_hex("504A78"), from_hex("504A79")}};
  story.outside.keys["acme.master"] = {"des", 16, 0x20, {}};
  return story;
}

}  // namespace

TEST(Keys, AreKnownByNameTypeAndCheckValues) {
  EXPECT_EQ(with_keys().run("local k = keys.info('isd') return k.name .. ' ' .. k.type .. ' ' .. k.size .. ' ' .. "
                            "k.version .. ' ' .. #k.kcvs .. ' ' .. hex.encode(k.kcvs[2])"),
            "isd aes 16 48 3 504A78");
  EXPECT_EQ(with_keys().run("return #keys.info('acme.master').kcvs"), "0");
  EXPECT_EQ(with_keys().fail("keys.info('other')").kind(), ErrorKind::usage);
  EXPECT_EQ(with_keys().fail("keys.info('a b')").kind(), ErrorKind::usage);
}

TEST(Keys, TravelAsNamesInPutKey) {
  Story story = with_keys();
  story.answer("");
  story.run("card:send(apdu.command{ ins = 0xD8, p2 = 0x81, data = keys.put_key_data('isd', 0x30) })");
  EXPECT_EQ(host::canonical(story.request<host::Exchange>(0).plan[0]),
            "80D80081 30 <key isd/0> <key isd/1> <key isd/2>");
  EXPECT_EQ(with_keys().fail("keys.put_key_data('isd', 0)").kind(), ErrorKind::usage);
  EXPECT_EQ(with_keys().fail("keys.put_key_data('isd', 128)").kind(), ErrorKind::usage);
}

TEST(Keys, TellTheAnswerToPutKey) {
  EXPECT_EQ(with_keys().run("return hex.encode(keys.put_key_answer('isd', 0x31))"), "31504A77504A78504A79");
  const Error error = with_keys().fail("keys.put_key_answer('acme.master', 1)");
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_NE(error.message().find("diversified"), std::string::npos);
}

TEST(Keys, EncryptASecretUnderTheDek) {
  EXPECT_EQ(with_keys().run("return tostring('x' .. keys.under_dek(holder))"), "78 <secret holder 16 dek>");
  EXPECT_EQ(with_keys().run("return #keys.under_dek(holder, 2) .. ' ' .. #keys.under_dek(holder, 3)"), "16 16");
  EXPECT_EQ(with_keys().fail("keys.under_dek('bytes')").kind(), ErrorKind::usage);
  EXPECT_EQ(with_keys().fail("keys.under_dek(holder, 4)").kind(), ErrorKind::usage);
}

TEST(Keys, SignTokensByName) {
  Story story = with_keys();
  story.answer("00");
  story.run("card:send(apdu.command{ ins = 0xE4, data = hex'4F05A000000151' .. '\\158' .. keys.token('isd') })");
  EXPECT_EQ(host::canonical(story.request<host::Exchange>(0).plan[0]), "80E40000 4F05A0000001519E <token isd>");
  EXPECT_EQ(
      with_keys().run("return hex.encode(apdu.token_input(apdu.command{ ins = 0xE4, data = hex'4F05A000000151' .. "
                      "'\\158' .. keys.token('isd') }))"),
      "0000074F05A000000151");
  EXPECT_EQ(with_keys().fail("return keys.token('isd') .. 'x'").kind(), ErrorKind::usage) << "it is the end";
  EXPECT_EQ(with_keys().fail("return #keys.token('isd')").kind(), ErrorKind::usage);
  EXPECT_EQ(with_keys().fail("keys.token('a b')").kind(), ErrorKind::usage);
  EXPECT_EQ(with_keys().fail("apdu.token_input(apdu.command{ ins = 0xE4, data = holder })").kind(), ErrorKind::usage);
}

TEST(Keys, SignTheSecondHalfOfACombinedLoadWithTheFirst) {
  EXPECT_EQ(
      with_keys().run("local first = apdu.command{ ins = 0xE6, p1 = 0x0E, p2 = 1, data = hex'05A00000015100000000' }"
                      " return tostring(keys.token('isd', first))"),
      "<token isd 0E010905A000000151000000>");
}

TEST(Keys, ThatSignGoToACardByName) {
  EXPECT_EQ(with_keys().run("return tostring(keys.put_signing_key_data('isd', 0x70))"), "70 <key isd/0 signing>");
  EXPECT_EQ(with_keys().fail("keys.put_signing_key_data('isd', 0)").kind(), ErrorKind::usage);
}

TEST(Keys, TellWhetherASignatureIsTheirs) {
  Story story = with_keys();
  EXPECT_EQ(story.run("return tostring(keys.verifies('isd', 'message', 'signature'))"), "true");
  story.outside.signatures_are_right = false;
  EXPECT_EQ(story.run("return tostring(keys.verifies('isd', 'message', 'signature'))"), "false");
  EXPECT_EQ(with_keys().fail("keys.verifies('other', '', '')").kind(), ErrorKind::usage);
}

TEST(Keys, SignMessages) {
  EXPECT_EQ(with_keys().run("return keys.sign('isd', 'a message')"), "signed a message");
  EXPECT_EQ(with_keys().fail("keys.sign('other', '')").kind(), ErrorKind::usage);
  EXPECT_EQ(with_keys().fail("keys.sign('a b', '')").kind(), ErrorKind::usage);
}

TEST(Keys, ThatABackendSentAreUnwrappedByName) {
  const std::string rest =
      "under = 'isd', version = 0x30, from = 'https://keys.example/', keys = { ('a'):rep(24), ('b'):rep(24), "
      "('c'):rep(24) }, kcvs = { 'aaa', 'bbb', 'ccc' } ";
  Story story = with_keys();
  EXPECT_EQ(story.run("local k = keys.unwrap { " + rest + "} return k.name .. ' ' .. k.type .. ' ' .. k.kcvs[3]"),
            "run:card aes ccc");
  EXPECT_EQ(story.run("return keys.unwrap { name = 'ssd', wrap = 'aes-cbc', type = 'des', " + rest + "}.name"),
            "run:ssd");
  EXPECT_EQ(story.outside.unwrapped.at(0).form, "aes-key-wrap");
  EXPECT_EQ(story.outside.unwrapped.at(0).keys[1], to_bytes(std::string(24, 'b')));
  EXPECT_EQ(story.outside.unwrapped.at(1).form, "aes-cbc");
  story.opened(1);
  story.run("card:open_channel { keys = 'run:card' }");
  EXPECT_EQ(story.request<host::OpenChannel>(0).keys, "run:card");

  const std::vector<std::string> wrong_ones = {
      "version = 0x30",
      "wrap = 'ecb', " + rest,
      "type = 'rsa', " + rest,
      "name = 'a:b', " + rest,
      "other = 1, " + rest,
      "under = 'isd', version = 1, from = 'x', keys = { ('a'):rep(24) }, kcvs = { 'aaa', 'bbb', 'ccc' }",
      "under = 'isd', version = 1, from = 'x', keys = { 'a', 'b', 'c' }, kcvs = { 'aaa', 'bbb', 'ccc' }",
      "under = 'isd', version = 1, from = 'x', keys = { ('a'):rep(41), 'b', 'c' }, kcvs = { 'aaa', 'bbb', 'ccc' }",
      "under = 'isd', version = 1, from = 'x', keys = { ('a'):rep(24), ('b'):rep(24), ('c'):rep(24) }, kcvs = { 'aa', "
      "'bbb', 'ccc' }"};
  for (const std::string& wrong : wrong_ones) {
    EXPECT_EQ(with_keys().fail("keys.unwrap { " + wrong + " }").kind(), ErrorKind::usage) << wrong;
  }
}

}  // namespace cw::modules::test
