#include "gp/key_information.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::gp {
namespace {

TEST(KeyInformation, ShortAndLongFormsInOneTemplate) {
  const auto keys = parse_key_information(from_hex("E012C00401308810C00A0220FF88001001180114"));
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_FALSE(keys[0].extended);
  EXPECT_EQ(keys[0].components[0].length, 16u);
  EXPECT_TRUE(keys[1].extended);
  EXPECT_EQ(keys[1].components[0].type, 0x88);
  EXPECT_EQ(to_hex(keys[1].usage), "18");
  EXPECT_EQ(to_hex(keys[1].access), "14");
  EXPECT_TRUE(has_key_version(keys, 0x30));
  EXPECT_FALSE(has_key_version(keys, 0x31));
}

TEST(KeyInformation, TheInsideOfTheTemplateWillDo) {
  EXPECT_EQ(parse_key_information(from_hex("C00401308810C00402308810")).size(), 2u);
  EXPECT_TRUE(parse_key_information(from_hex("E000")).empty());
}

TEST(KeyInformation, CutKeysAreRefused) {
  for (const char* hex : {"E003C00101", "E005C003013088", "E007C0050120FF8800", "E009C0070120FF88001002", "E0"}) {
    EXPECT_THROW(parse_key_information(from_hex(hex)), Error) << hex;
  }
}

}  // namespace
}  // namespace cw::gp
