// The answer to reset, and command APDUs over T=0. The ATRs are those of cards that people published.
#include "card/atr.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "card/t0.h"

namespace cw::card {
namespace {

Atr parsed(const char* hex) {
  const auto atr = Atr::parse(from_hex(hex));
  EXPECT_TRUE(atr.has_value()) << hex;
  return atr.value_or(Atr{});
}

// Yubico documents this ATR for the YubiKey 5; 73 names C0 21 C0: extended Lc and Le fields, command chaining.
TEST(Atr, a_card_that_names_extended_fields_takes_them) {
  const Atr atr = parsed("3BFD1300008131FE158073C021C057597562694B657940");
  EXPECT_TRUE(atr.t1);
  EXPECT_FALSE(atr.t0);
  EXPECT_EQ(to_hex(atr.historical), "8073C021C057597562694B6579");
  EXPECT_TRUE(atr.extended_length());
}

TEST(Atr, a_card_whose_capabilities_do_not_name_them_does_not) {
  EXPECT_FALSE(parsed("3BD518FF8191FE1FC38073C821100A").extended_length());
}

TEST(Atr, a_card_without_capabilities_does_not) {
  EXPECT_FALSE(parsed("3B0A54455354434152445430").extended_length());
  EXPECT_FALSE(parsed("3B00").extended_length());
}

TEST(Atr, capabilities_are_found_before_a_status_indicator_too) {
  EXPECT_TRUE(parsed("3B08 00 73000040 009000").extended_length());
}

TEST(Atr, protocols_are_those_of_the_interface_bytes) {
  const Atr only_t0 = parsed("3B0A54455354434152445430");
  EXPECT_TRUE(only_t0.t0);
  EXPECT_FALSE(only_t0.t1);
  const Atr both = parsed("3B80800101");
  EXPECT_TRUE(both.t0);
  EXPECT_TRUE(both.t1);
  const Atr neither = parsed("3B800E8E");
  EXPECT_FALSE(neither.t0);
  EXPECT_FALSE(neither.t1);
}

TEST(Atr, every_cut_and_every_byte_is_taken_or_refused) {
  const Bytes whole = from_hex("3BFD1300008131FE158073C021C057597562694B657940");
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto atr = Atr::parse(ByteView(whole).first(size));
    if (size < whole.size() - 1) {  // all but TCK
      EXPECT_FALSE(atr.has_value()) << size;
    }
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes bytes = whole;
      bytes[at] = static_cast<uint8_t>(value);
      if (const auto atr = Atr::parse(bytes)) atr->extended_length();
    }
  }
}

// ISO/IEC 7816-3 12.2.
TEST(T0, case_1_gets_p3_and_case_4_loses_le) {
  EXPECT_EQ(to_hex(t0_command(from_hex("00840000"))), "0084000000");
  EXPECT_EQ(to_hex(t0_command(from_hex("0084000008"))), "0084000008");
  EXPECT_EQ(to_hex(t0_command(from_hex("80E2800003010203"))), "80E2800003010203");
  EXPECT_EQ(to_hex(t0_command(from_hex("80F28002024F0000"))), "80F28002024F00");
  EXPECT_EQ(to_hex(t0_command(from_hex("8050000008010203040506070800"))), "80500000080102030405060708");
}

TEST(T0, what_is_no_short_command_goes_as_it_is_or_is_refused) {
  EXPECT_EQ(to_hex(t0_command(from_hex("00A4"))), "00A4");
  EXPECT_EQ(to_hex(t0_command(from_hex("80E28000030102"))), "80E28000030102");
  EXPECT_THROW(t0_command(from_hex("80CA0000000000")), Error);
  EXPECT_THROW(t0_command(from_hex("80E28000000001AA")), Error);
}

}  // namespace
}  // namespace cw::card
