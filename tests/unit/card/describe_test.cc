#include "card/describe.h"

#include <random>

#include <gtest/gtest.h>

#include "base/hex.h"

namespace cw::card {
namespace {

std::string of(std::string_view hex) { return describe(Apdu::parse(from_hex(hex))); }

TEST(Describe, SaysWhatInstallDoes) {
  EXPECT_EQ(of("80E602001609A0000003080000100008A000000151000000000000"),
            "INSTALL [for load] A00000030800001000 into A000000151000000");
  const std::string hash(64, 'A');
  EXPECT_EQ(of("80E602003307F063617264770307A000000151535020" + hash + "0000"),
            "INSTALL [for load] F0636172647703 into A0000001515350, hash 32 bytes");
  EXPECT_EQ(of("80E602003207F063617264770307A000000151535020" + hash + "00"),
            "INSTALL [for load] 50 bytes");  // one field too few: shown as its length
  EXPECT_EQ(
      of("80E60C002007F063617264770308F06361726477030108F063617264770301010002C90000"),
      "INSTALL [for install and make selectable] F063617264770301 from module F063617264770301 of F0636172647703, "
      "privileges 00, parameters 2 bytes");
  EXPECT_EQ(of("80E620000E000008F063617264770301000000"), "INSTALL [for personalization] F063617264770301");
}

TEST(Describe, TheOtherCommands) {
  EXPECT_EQ(of("00A4040000"), "SELECT the default application");
  EXPECT_EQ(of("00A4040008A000000151000000"), "SELECT A000000151000000");
  EXPECT_EQ(of("80E400800B4F09A00000030800001000"), "DELETE A00000030800001000 and what belongs to it");
  EXPECT_EQ(of("80F24002024F00"), "GET STATUS applications and security domains");
  EXPECT_EQ(of("80CA00E000"), "GET DATA 00E0");
  EXPECT_EQ(of("80E8800503AABBCC"), "LOAD block 5 (last), 3 bytes");
  EXPECT_EQ(of("8050300008000102030405060700"), "INITIALIZE UPDATE key version 30");
  EXPECT_EQ(of("80F0400F08F063617264770301"), "SET STATUS F063617264770301 to 0F (applications and security domains)");
  EXPECT_EQ(of("0070000001"), "MANAGE CHANNEL open");
  EXPECT_EQ(of("81CA006600"), "GET DATA 0066, channel 1");
}

TEST(Describe, HidesWhatMayBeSecret) {
  for (const char* hex : {"80E2880008C0FFEEC0FFEEC0FF", "80D8008108C0FFEEC0FFEEC0FF", "0020008008C0FFEEC0FFEEC0FF",
                          "8011000008C0FFEEC0FFEEC0FF", "84A4040008C0FFEEC0FFEEC0FF"}) {
    EXPECT_EQ(of(hex).find("C0FFEE"), std::string::npos) << of(hex);
    EXPECT_NE(of(hex).find("8 bytes"), std::string::npos) << of(hex);
  }
}

TEST(Describe, TakesAnything) {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    Apdu command{.cla = static_cast<uint8_t>(random()),
                 .ins = static_cast<uint8_t>(random() % 2 != 0 ? 0xE6 : random()),
                 .p1 = static_cast<uint8_t>(random()),
                 .p2 = static_cast<uint8_t>(random()),
                 .data = Bytes(random() % 40)};
    for (uint8_t& byte : command.data) byte = static_cast<uint8_t>(random() % 12);
    EXPECT_EQ(describe(command).find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace cw::card
