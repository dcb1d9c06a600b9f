#include "card/status.h"

#include <set>

#include <gtest/gtest.h>

namespace cw::card {
namespace {

TEST(CommandName, TellsTheKindsOfInstallApart) {
  EXPECT_EQ(command_name(0x80, 0xE6, 0x02), "INSTALL [for load]");
  EXPECT_EQ(command_name(0x84, 0xE6, 0x0C), "INSTALL [for install and make selectable]");
  EXPECT_EQ(command_name(0x80, 0xE6, 0x20), "INSTALL [for personalization]");
  EXPECT_EQ(command_name(0x80, 0xE6, 0x10), "INSTALL [for extradition]");
  EXPECT_EQ(command_name(0x80, 0xE6, 0x40), "INSTALL [for registry update]");
  EXPECT_EQ(command_name(0x80, 0xE6, 0x82), "INSTALL [for load]");  // b8: more commands follow
  EXPECT_EQ(command_name(0x80, 0xE6, 0x77), "INSTALL");
}

TEST(CommandName, DependsOnTheClass) {
  EXPECT_EQ(command_name(0x80, 0xF2, 0x40), "GET STATUS");
  EXPECT_EQ(command_name(0x80, 0xD8, 0), "PUT KEY");
  EXPECT_EQ(command_name(0x80, 0x50, 0), "INITIALIZE UPDATE");
  EXPECT_EQ(command_name(0x84, 0x82, 1), "EXTERNAL AUTHENTICATE");
  EXPECT_EQ(command_name(0x00, 0xA4, 4), "SELECT");
  EXPECT_EQ(command_name(0x00, 0x70, 0), "MANAGE CHANNEL");
  EXPECT_EQ(command_name(0x00, 0xC0, 0), "GET RESPONSE");
  EXPECT_EQ(command_name(0x00, 0xE4, 0), "INS E4");  // DELETE FILE of ISO 7816-9, which is not ours
  EXPECT_EQ(command_name(0x80, 0x99, 0), "INS 99");
}

TEST(Meaning, IsThatOfTheCommand) {
  EXPECT_NE(meaning(0x6A88, 0x80, 0xE4, 0).advice.find("success"), std::string::npos);  // DELETE while recovering
  EXPECT_NE(meaning(0x6A88, 0x80, 0x50, 0).causes.find("key version"), std::string::npos);
  EXPECT_NE(meaning(0x6300, 0x84, 0x82, 1).advice.find("stop"), std::string::npos);
  EXPECT_NE(meaning(0x6A84, 0x84, 0xE8, 0).advice.find("INSTALL [for load]"), std::string::npos);
  EXPECT_NE(meaning(0x6A86, 0x80, 0xE6, 0x20).causes.find("SmartCafe"), std::string::npos);
  EXPECT_EQ(meaning(0x6A84, 0x80, 0xE6, 0x20).text, "not enough memory space");  // as INSTALL in general
  for (const uint8_t ins : {uint8_t{0xE4}, uint8_t{0xE6}, uint8_t{0xE8}}) {
    EXPECT_NE(meaning(0x6D00, 0x80, ins, 0x02).causes.find("no card content management"), std::string::npos);
  }
  EXPECT_EQ(meaning(0x63C2, 0x00, 0x20, 0).text, "verification failed, 2 tries left");
  EXPECT_EQ(meaning(0x6C10, 0x00, 0xCA, 0).text, "wrong Le, 16 bytes");
}

TEST(Explain, IsOneLineWithWhatHappenedWhyAndWhatNext) {
  EXPECT_EQ(explain(0x6A88, 0x80, 0xE4, 0),
            "DELETE failed: 6A88 referenced data not found (no such AID or key: already deleted, or it belongs to "
            "another security domain); list the registry; when cleaning up after a torn run this is success");
  EXPECT_EQ(explain(0x9000, 0x80, 0xF2, 0x40), "GET STATUS: 9000 success");
  EXPECT_EQ(explain(0x6A83, 0x00, 0xB2, 1), "READ RECORD failed: 6A83 record not found");
}

TEST(Meaning, NeverEmptyAndAlwaysOneLine) {
  for (unsigned sw = 0x6000; sw <= 0x9FFF; ++sw) {
    for (const uint8_t ins : std::initializer_list<uint8_t>{0xA4, 0xE6, 0xE8, 0x82, 0x11}) {
      const std::string line = explain(static_cast<uint16_t>(sw), 0x80, ins, 0x02);
      ASSERT_FALSE(meaning(static_cast<uint16_t>(sw), 0x80, ins, 0x02).text.empty());
      ASSERT_EQ(line.find('\n'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace cw::card
