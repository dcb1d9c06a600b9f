#include "gp/commands.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "card/describe.h"

namespace cw::gp {
namespace {

std::string hex(const card::Apdu& command) { return to_hex(command.encode()); }

const Bytes kApplet = from_hex("F063617264770301");
const Bytes kPackage = from_hex("F0636172647703");
const Bytes kDomain = from_hex("A000000151535041");

// Headers and fields as GPCS 11 prints them; the first two are also in tests/vectors/commands.json, without Le.
TEST(Commands, MatchTheSpecification) {
  EXPECT_EQ(hex(install_for_load({.load_file_aid = from_hex("A00000030800001000"),
                                  .security_domain_aid = from_hex("A000000151000000")})),
            "80E602001609A0000003080000100008A00000015100000000000000");
  EXPECT_EQ(hex(delete_object(from_hex("A00000030800001000"), true)), "80E400800B4F09A0000003080000100000");
  EXPECT_EQ(hex(select({})), "00A4040000");
  EXPECT_EQ(hex(select(kApplet, true)), "00A4040208F06361726477030100");
  EXPECT_EQ(hex(get_data(0x9F7F)), "80CA9F7F00");
  EXPECT_EQ(hex(get_status(RegistryScope::applications)), "80F24002024F0000");
  EXPECT_EQ(hex(get_status(RegistryScope::load_files, {}, true, true)), "80F22001024F0000");
  EXPECT_EQ(hex(set_status(0x40, 0x80, kApplet)), "80F0408008F063617264770301");
  EXPECT_EQ(hex(delete_key(0x30)), "80E4000003D2013000");
  EXPECT_EQ(hex(delete_key(0x30, 1)), "80E4000006D00101D2013000");
  EXPECT_EQ(hex(install_for_personalization(kApplet)), "80E620000E000008F06361726477030100000000");
  EXPECT_EQ(hex(open_channel()), "0070000001");
  EXPECT_EQ(hex(close_channel(2)), "00708002");
}

TEST(Commands, InstallKeepsTheEmptyC9) {
  EXPECT_EQ(hex(install_for_install_and_make_selectable(
                {.load_file_aid = kPackage, .module_aid = kApplet, .application_aid = kApplet})),
            "80E60C002007F063617264770308F06361726477030108F0636172647703010100"
            "02C9000000");
}

TEST(Commands, ExtraditionAndRegistryUpdateHaveSixFields) {
  EXPECT_EQ(hex(install_for_extradition(kDomain, kApplet)), "80E610001608A0000001515350410008F06361726477030100000000");
  EXPECT_EQ(hex(install_for_registry_update({}, kApplet, Bytes{0x00})), "80E640000F000008F0636172647703010100000000");
  EXPECT_EQ(card::describe(install_for_extradition(kDomain, kApplet)),
            "INSTALL [for extradition] F063617264770301 to A000000151535041");
}

TEST(Commands, LoadCutsAndCounts) {
  const auto blocks = load(Bytes(1000, 7), 247);
  ASSERT_EQ(blocks.size(), 5u);
  EXPECT_EQ(blocks[3].p1, 0x00);
  EXPECT_EQ(blocks[4].p1, 0x80);
  EXPECT_EQ(blocks[4].p2, 4);
  EXPECT_EQ(blocks[4].data.size(), 12u);
  EXPECT_EQ(load(Bytes(247, 7), 247).size(), 1u);
  const auto many = load(Bytes(300, 7), 1);
  EXPECT_EQ(many[255].p2, 0xFF);
  EXPECT_EQ(many[256].p2, 0x00);  // the block number starts again
  EXPECT_THROW(load({}, 247), Error);
  EXPECT_THROW(load(Bytes(3), 0), Error);
  EXPECT_THROW(load(Bytes(3), 256), Error);
}

// GPCS table 11-89: b8 last, b7 b6 encryption, b5 b4 structure.
TEST(Commands, StoreDataP1) {
  EXPECT_EQ(store_data(Bytes{1}, 0, false, StoreDataStructure::dgi).p1, 0x08);
  EXPECT_EQ(store_data(Bytes{1}, 1, true, StoreDataStructure::dgi, StoreDataEncryption::encrypted).p1, 0xE8);
  EXPECT_EQ(store_data(Bytes{1}, 1, true, StoreDataStructure::ber_tlv).p1, 0x90);
  EXPECT_THROW(store_data(Bytes{1}, 256, true, StoreDataStructure::none), Error);
}

}  // namespace
}  // namespace cw::gp
