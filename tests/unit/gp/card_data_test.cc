#include "gp/card_data.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::gp {
namespace {

TEST(CardData, ProtocolsWithTheirOptions) {
  // From kaoh/globalplatform: SCP03 i=60, and SCP11 whose i takes two bytes of the OID.
  const CardData data = parse_card_data(from_hex(
      "663F733D06072A864886FC6B01600C060A2A864886FC6B02020301630906072A864886FC6B03640B06092A864886FC6B040360640C"
      "060A2A864886FC6B04119B06"));
  EXPECT_EQ(data.gp_version, "2.3.1");
  ASSERT_EQ(data.scp.size(), 2u);
  EXPECT_EQ(data.scp[0].scp, 0x03);
  EXPECT_EQ(data.scp[0].i, 0x60u);
  EXPECT_EQ(data.scp[1].scp, 0x11);
  EXPECT_EQ(data.scp[1].i, 3462u);
}

TEST(CardData, Scp80IsARawByteInTheOid) {
  const CardData data = parse_card_data(from_hex("730D640B06092A864886FC6B048000"));
  ASSERT_EQ(data.scp.size(), 1u);
  EXPECT_EQ(data.scp[0].scp, 0x80);
  EXPECT_EQ(data.scp[0].i, 0u);
}

TEST(CardData, BadDataAreRefused) {
  for (const char* hex :
       {"", "6600", "6604730260", "66067304600206FF", "6609730764050603FFFFFF", "66087306600406022A86"}) {
    EXPECT_THROW(parse_card_data(from_hex(hex)), Error) << hex;
  }
}

// X.690 8.19: the first two arcs share a number, roots 0 and 1 have 40 each.
TEST(Oid, Text) {
  EXPECT_EQ(oid_text(from_hex("2A864886FC6B01")), "1.2.840.114283.1");
  EXPECT_EQ(oid_text(from_hex("550403")), "2.5.4.3");
  EXPECT_EQ(oid_text(from_hex("883703")), "2.999.3");
  EXPECT_EQ(oid_text(from_hex("00")), "0.0");
  EXPECT_THROW(oid_text({}), Error);
  EXPECT_THROW(oid_text(from_hex("2A8FFFFFFFFFFF7F")), Error);
}

TEST(FixedObject, NamesWhatItIs) {
  EXPECT_EQ(parse_fixed_object(from_hex("C103000427")).name, "sequence_counter");
  EXPECT_EQ(to_hex(parse_fixed_object(from_hex("450201AA")).value), "01AA");
  for (const char* hex : {"", "C1", "C10300", "C10300042700", "5F500101"}) {
    EXPECT_THROW(parse_fixed_object(from_hex(hex)), Error) << hex;
  }
}

}  // namespace
}  // namespace cw::gp
