#include "gp/registry.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::gp {
namespace {

using Names = std::vector<std::string_view>;

// Recorded from a card (GlobalPlatformPro): its ISD with eight CF and 3-byte privileges.
const char* kIsd =
    "E3464F08A0000000030000009F700101C5039EFE80CF0140CF0141CF0142CF0143CF0180CF0181CF0182CF0183C40BD276000005AAFFCAFE00"
    "01"
    "CE020001CC08A000000003000000";

TEST(Registry, ReadsAnIssuerSecurityDomain) {
  const auto entries = parse_registry(from_hex(kIsd));
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(to_hex(entries[0].aid), "A000000003000000");
  EXPECT_EQ(entries[0].implicit_selection.size(), 8u);
  EXPECT_EQ(to_hex(entries[0].associated_sd_aid), "A000000003000000");
  EXPECT_EQ(privilege_names(entries[0].privileges).size(), 13u);
}

TEST(Registry, PagesAreJoinedBeforeParsing) {
  const Bytes whole = from_hex(std::string(kIsd) + "E30E4F05A0000000019F700107C50100");
  const ByteView all = whole;
  const auto entries = parse_registry(concat({all.first(30), all.subspan(30)}));
  EXPECT_EQ(entries.size(), 2u);
  EXPECT_THROW(parse_registry(all.first(30)), Error);  // 6310 cut inside the entry
}

TEST(Registry, LegacyWithModules) {
  // Load file A000000003, LOADED, two modules (GPCS 2.1.1 table 9-24).
  const auto entries = parse_registry_legacy(from_hex("05A0000000030100020601020304050606010203040507"),
                                             RegistryScope::load_files_and_modules);
  ASSERT_EQ(entries.size(), 1u);
  ASSERT_EQ(entries[0].modules.size(), 2u);
  EXPECT_EQ(to_hex(entries[0].modules[1]), "010203040507");
}

TEST(Registry, BadAnswersAreRefused) {
  EXPECT_TRUE(parse_registry({}).empty());
  EXPECT_THROW(parse_registry(from_hex("E3039F7001")), Error);
  EXPECT_THROW(parse_registry(from_hex("E3049F700107")), Error);  // no AID
  const Bytes legacy = from_hex("07A00000006200010100");
  for (size_t size = 1; size < legacy.size(); ++size) {
    EXPECT_THROW(parse_registry_legacy(ByteView(legacy).first(size), RegistryScope::load_files), Error);
  }
  EXPECT_THROW(parse_registry_legacy(from_hex("E3194F07A000000062000101"), RegistryScope::load_files), Error);
}

// GPCS 11.1.2: b7 and b1 of the first byte together tell DAP from mandated DAP.
TEST(Privileges, ShareBits) {
  EXPECT_EQ(privilege_names(from_hex("80")), Names{"SecurityDomain"});
  EXPECT_EQ(privilege_names(from_hex("C0")), (Names{"SecurityDomain", "DAPVerification"}));
  EXPECT_EQ(privilege_names(from_hex("C1")), (Names{"SecurityDomain", "MandatedDAPVerification"}));
  EXPECT_EQ(privilege_names(from_hex("A00000")), (Names{"SecurityDomain", "DelegatedManagement"}));
  EXPECT_EQ(privilege_names(from_hex("804000")), (Names{"SecurityDomain", "AuthorizedManagement"}));
  EXPECT_TRUE(privilege_names(from_hex("000000")).empty());
  EXPECT_TRUE(privilege_names({}).empty());
}

TEST(LifeCycle, DependsOnWhatItIs) {
  const Bytes domain = {0x80};
  EXPECT_EQ(life_cycle_name(RegistryScope::issuer_security_domain, domain, 0x0F), "SECURED");
  EXPECT_EQ(life_cycle_name(RegistryScope::applications, domain, 0x0F), "PERSONALIZED");
  EXPECT_EQ(life_cycle_name(RegistryScope::applications, {}, 0x0F), "SELECTABLE");
  EXPECT_EQ(life_cycle_name(RegistryScope::applications, domain, 0x8F), "LOCKED");
  EXPECT_EQ(life_cycle_name(RegistryScope::load_files, {}, 0x01), "LOADED");
  EXPECT_EQ(life_cycle_name(RegistryScope::applications, domain, 0x01), "");
}

}  // namespace
}  // namespace cw::gp
