// Commands and Data: values made of bytes and names.
#include <gtest/gtest.h>

#include "base/hex.h"
#include "story.h"

namespace cw::modules::test {

TEST(Apdu, IsMadeOfItsFields) {
  EXPECT_EQ(
      Story().run("local c = apdu.command{ ins = 0xF2, p1 = 0x40, p2 = 2, data = hex'4F00', le = 256 } "
                  "return c.cla .. ' ' .. c.ins .. ' ' .. c.p1 .. ' ' .. c.p2 .. ' ' .. hex.encode(c.data) .. ' ' "
                  ".. c.le"),
      "128 242 64 2 4F00 256");
  EXPECT_EQ(Story().run("local c = apdu.command{ ins = 1 } return #c.data .. tostring(c.le) .. tostring(c.nothing)"),
            "0nilnil");
}

TEST(Apdu, IsReadFromItsBytes) {
  EXPECT_EQ(Story().run("local c = apdu.parse(hex'80E60C0002AABB00') "
                        "return c.ins .. ' ' .. hex.encode(c.data) .. ' ' .. c.le"),
            "230 AABB 256");
}

TEST(Apdu, IsAValue) {
  EXPECT_EQ(Story().run("return apdu.parse(hex'00A4040000') == apdu.command{ cla = 0, ins = 0xA4, p1 = 4, le = 256 }"),
            "true");
  EXPECT_EQ(Story().run("return apdu.parse(hex'00A4040000') == apdu.parse(hex'00A40400')"), "false");
  Story().fail("apdu.parse(hex'00A4040000').ins = 1");
}

TEST(Apdu, DescribesItselfWithoutSecrets) {
  EXPECT_EQ(Story().run("local c = apdu.parse(hex'00A4040000') return tostring(c) == apdu.describe(c)"), "true");
  const std::string store = Story().run("return tostring(apdu.command{ ins = 0xE2, data = hex'0101' .. holder })");
  EXPECT_NE(store.find("STORE DATA"), std::string::npos) << store;
  EXPECT_NE(store.find("secret holder"), std::string::npos) << store;
  const std::string put =
      Story().run("return tostring(apdu.command{ ins = 0xD8, data = keys.put_key_data('isd', 1) })");
  EXPECT_NE(put.find("PUT KEY"), std::string::npos) << put;
  EXPECT_NE(put.find("key isd/2"), std::string::npos) << put;
}

TEST(Apdu, SaysWhatAStatusWordMeansForTheCommand) {
  const std::string meaning =
      Story().run("return apdu.meaning(0x6A88, apdu.parse(hex'80E400000B4F09A00000015100000000'))");
  EXPECT_EQ(meaning.substr(0, 5), "6A88 ");
  EXPECT_GT(meaning.size(), 10u);
}

TEST(Apdu, RefusesBadFields) {
  for (const char* fields :
       {"{}", "{ ins = 256 }", "{ ins = -1 }", "{ ins = 1.5 }", "{ ins = '1' }", "{ ins = 1, inz = 2 }",
        "{ ins = 1, le = 0 }", "{ ins = 1, le = 65537 }", "{ ins = 1, data = {} }", "{ ins = 1, data = 5 }",
        "setmetatable({ ins = 1 }, {})", "{ ins = 1, data = ('a'):rep(65536) }", "'80'", "nil"}) {
    EXPECT_EQ(Story().fail(std::string("apdu.command(") + fields + ")").kind(), ErrorKind::usage) << fields;
  }
  EXPECT_EQ(Story().fail("apdu.parse('abc')").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("apdu.parse(card)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("apdu.describe({})").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("apdu.meaning(65536, apdu.parse(hex'00A40400'))").kind(), ErrorKind::usage);
}

TEST(Data, JoinsBytesAndNames) {
  EXPECT_EQ(Story().run("local d = 'ab' .. holder .. hex'FF' return #d .. ' ' .. tostring(d)"),
            "15 6162 <secret holder 12> FF");
  EXPECT_EQ(Story().run("return tostring(holder .. holder)"), "<secret holder 12> <secret holder 12>");
  EXPECT_EQ(Story().run("return tostring(apdu.data('a', holder, apdu.data('b')))"), "61 <secret holder 12> 62");
  EXPECT_EQ(Story().run("return #apdu.data() .. tostring(apdu.data())"), "0");
}

TEST(Data, IsAValue) {
  EXPECT_EQ(Story().run("return 'a' .. holder == apdu.data('a', holder)"), "true");
  EXPECT_EQ(Story().run("return 'a' .. holder == apdu.data('b', holder)"), "false");
  EXPECT_EQ(Story().run("return holder == holder"), "true");
}

TEST(Data, IsDataInACommandOnlyWithNames) {
  EXPECT_EQ(Story().run("return type(apdu.command{ ins = 1, data = apdu.data('x') }.data)"), "string");
  EXPECT_EQ(Story().run("return tostring(apdu.command{ ins = 1, data = holder }.data)"), "<secret holder 12>");
}

TEST(Data, HasNoLengthWithAKey) {
  const Error error = Story().fail("return #keys.put_key_data('isd', 1)");
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_NE(error.message().find("a key"), std::string::npos);
}

TEST(Data, IsNoLongerThanACommandCarries) {
  EXPECT_EQ(Story().fail("return ('a'):rep(65535) .. holder").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("local d = ('a'):rep(40000) .. holder return apdu.data(d, d)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("return {} .. holder").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("return holder .. 5").kind(), ErrorKind::usage);
}

TEST(Secret, HasALengthAndNoBytes) {
  EXPECT_EQ(Story().run("return #holder .. tostring(holder)"), "12<secret holder 12>");
  EXPECT_EQ(Story().run("return holder.bytes"), "nil");
  EXPECT_EQ(Story().fail("return hex.encode(holder)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("return json.encode(holder)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("return tlv.parse('' .. holder)").kind(), ErrorKind::usage);
}

}  // namespace cw::modules::test
