#include "card/tlv.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::card {
namespace {

TlvList parse(std::string_view hex, TlvReading reading = TlvReading::forgiving) {
  return parse_tlv(from_hex(hex), reading);
}

TEST(Tlv, ReadsTheFciOfARealCard) {
  const TlvList fci = parse("6F108408A000000151000000A5049F6501FF", TlvReading::strict);
  ASSERT_NE(find(fci, "6F/A5/9F65"), nullptr);
  EXPECT_EQ(find(fci, "6F/A5/9F65")->value, Bytes{0xFF});
  EXPECT_EQ(to_hex(find(fci, "6F/84")->value), "A000000151000000");
  EXPECT_EQ(find(fci, "6F/A5/9F66"), nullptr);
  EXPECT_EQ(find(fci, "84"), nullptr);
  EXPECT_THROW(find(fci, "6F/"), Error);
  EXPECT_THROW(find(fci, "zz"), Error);
}

TEST(Tlv, TagsOfOneToThreeBytes) {
  const TlvList objects = parse("4F01AA9F700107 5FC10501BB", TlvReading::strict);
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(objects[0].tag, 0x4Fu);
  EXPECT_EQ(objects[1].tag, 0x9F70u);
  EXPECT_EQ(objects[2].tag, 0x5FC105u);
  EXPECT_THROW(parse("5FC1C20501BB"), Error);  // four bytes
  EXPECT_EQ(to_hex(tlv(0x9F70, from_hex("07"))), "9F700107");
}

TEST(Tlv, LengthsFromOneToFourBytes) {
  for (const size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 65535u, 65536u}) {
    const Bytes object = tlv(0xC4, Bytes(size, 7));
    const TlvList back = parse_tlv(object, TlvReading::strict);
    ASSERT_EQ(back.size(), 1u);
    EXPECT_EQ(back[0].value.size(), size);
  }
  EXPECT_EQ(to_hex(ber_length(127)), "7F");
  EXPECT_EQ(to_hex(ber_length(128)), "8180");
  EXPECT_EQ(to_hex(ber_length(256)), "820100");
  EXPECT_EQ(to_hex(ber_length(65536)), "83010000");
  EXPECT_EQ(to_hex(lv({})), "00");
}

TEST(Tlv, StrictRefusesWhatForgivingReads) {
  const char* long_length = "4F8101AA";
  const char* padded = "004F01AA00009F700107FFFF";
  const char* not_inside = "65034F09AA";  // a real FCI has a 65 like this
  for (const char* hex : {long_length, padded, not_inside}) {
    EXPECT_FALSE(parse(hex).empty()) << hex;
    EXPECT_THROW(parse(hex, TlvReading::strict), Error) << hex;
  }
  EXPECT_EQ(parse(padded).size(), 2u);
  EXPECT_TRUE(parse(not_inside)[0].children.empty());
  EXPECT_EQ(to_hex(parse(not_inside)[0].value), "4F09AA");
}

TEST(Tlv, FfIsATagUnlessNothingFollows) {
  EXPECT_EQ(parse("FF210481020002")[0].tag, 0xFF21u);
  EXPECT_TRUE(parse("FFFFFF").empty());
  EXPECT_EQ(parse("FF0000")[0].tag, 0xFF00u);
}

TEST(Tlv, RefusesCutAndIndefinite) {
  for (const char* hex : {"4F", "4F05AABB", "9F", "4F81", "4F82FF", "4F800000", "4F85FFFFFFFFFF", "4F84FFFFFFFF00"}) {
    EXPECT_THROW(parse(hex), Error) << hex;
  }
  EXPECT_TRUE(parse("").empty());
}

TEST(Tlv, DepthIsBounded) {
  Bytes nested = from_hex("4F00");
  for (int i = 0; i < 1000; ++i) nested = tlv(0xE3, nested);
  size_t depth = 0;
  const TlvList objects = parse_tlv(nested);
  for (const TlvList* level = &objects; !level->empty(); level = &level->front().children) ++depth;
  EXPECT_EQ(depth, kMaxTlvDepth);
  EXPECT_THROW(parse_tlv(nested, TlvReading::strict), Error);
}

TEST(Tlv, CountIsBounded) {
  Bytes many;
  for (size_t i = 0; i < kMaxTlvObjects; ++i) append(many, {0x4F, 0x00});
  EXPECT_EQ(parse_tlv(many).size(), kMaxTlvObjects);
  append(many, {0x4F, 0x00});
  EXPECT_THROW(parse_tlv(many), Error);
  EXPECT_THROW(parse_tlv(tlv(0xE3, many)), Error);  // also inside, where other faults are forgiven
}

TEST(Tlv, EncodesWhatItParsed) {
  const Bytes data = from_hex("7F42129F45032222229F46033333339F4503444444E300");
  EXPECT_EQ(encode(parse_tlv(data)), data);
}

}  // namespace
}  // namespace cw::card
