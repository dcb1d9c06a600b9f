#include <gtest/gtest.h>

#include "story.h"

namespace cw::modules::test {

TEST(Tlv, BuildsWithTheShortestLength) {
  EXPECT_EQ(Story().run("return hex.encode(tlv.build(0x4F, hex'A000'))"), "4F02A000");
  EXPECT_EQ(Story().run("return hex.encode(tlv.build(0x5FC105, ''))"), "5FC10500");
  EXPECT_EQ(Story().run("return hex.encode(tlv.build(0x70, ('a'):rep(128)):sub(1, 3))"), "708180");
  EXPECT_EQ(Story().run("return hex.encode(tlv.build(0x70, ('a'):rep(256)):sub(1, 4))"), "70820100");
}

TEST(Tlv, CountsASecretAsWhatTravels) {
  EXPECT_EQ(Story().run("return tostring(tlv.build(0x70, tlv.build(0x5F20, holder)))"),
            "700F5F200C <secret holder 12>");
  EXPECT_EQ(Story().run("return tostring(tlv.lv(holder))"), "0C <secret holder 12>");
  EXPECT_EQ(Story().fail("tlv.build(0x70, keys.put_key_data('isd', 1))").kind(), ErrorKind::usage);
}

TEST(Tlv, BuildsLengthValueFieldsInBer) {
  // GPCS 11.1.5.2: one byte up to 127, 81 and 82 beyond.
  EXPECT_EQ(Story().run("return hex.encode(tlv.lv(hex'AABB') .. tlv.lv(''))"), "02AABB00");
  EXPECT_EQ(Story().run("return hex.encode(tlv.lv(('a'):rep(200)):sub(1, 2))"), "81C8");
}

TEST(Tlv, BuildsDataGroupings) {
  // EMV CPS 2.2: one byte of length up to FE, else FF and two.
  EXPECT_EQ(Story().run("return hex.encode(tlv.dgi(0x0101, 'ab'))"), "0101026162");
  EXPECT_EQ(Story().run("return hex.encode(tlv.dgi(0x8201, ('a'):rep(254)):sub(1, 3))"), "8201FE");
  EXPECT_EQ(Story().run("return hex.encode(tlv.dgi(0x8201, ('a'):rep(255)):sub(1, 5))"), "8201FF00FF");
  EXPECT_EQ(Story().run("return tostring(tlv.dgi(0x0101, holder))"), "01010C <secret holder 12>");
}

TEST(Tlv, ParsesIntoNodes) {
  EXPECT_EQ(Story().run("local n = tlv.parse(hex'6F0A 8401AA A505 9F6502 00FF 4F00') "
                        "return #n .. ' ' .. n[1].tag .. ' ' .. #n[1].children .. ' ' .. hex.encode(n[1].value) .. ' ' "
                        ".. n[1].children[2].children[1].tag .. ' ' .. tostring(n[2].children) .. #n[2].value"),
            "2 111 2 8401AAA5059F650200FF 40805 nil0");
}

TEST(Tlv, FindsByPath) {
  EXPECT_EQ(Story().run("return hex.encode(tlv.find(hex'6F0A8401AAA5059F650200FF', '6F/A5/9F65'))"), "00FF");
  EXPECT_EQ(Story().run("return tlv.find(hex'6F00', '6F/A5')"), "nil");
  EXPECT_EQ(Story().fail("tlv.find(hex'6F00', '6F//A5')").kind(), ErrorKind::usage);
}

TEST(Tlv, RefusesBadInput) {
  EXPECT_EQ(Story().fail("tlv.parse(hex'4F05AA')").kind(), ErrorKind::card);
  EXPECT_EQ(Story().fail("tlv.build(0, '')").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("tlv.build(0x1000000, '')").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("tlv.build(0x4F, {})").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("tlv.dgi(0x10000, '')").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("tlv.lv()").kind(), ErrorKind::usage);
}

}  // namespace cw::modules::test
