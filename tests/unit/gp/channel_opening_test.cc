// INITIALIZE UPDATE and its answer.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "gp/channel.h"

namespace cw::gp {
namespace {

const std::string kKdd = "00010203040506070809";

TEST(InitializeUpdate, is_written_with_both_challenge_lengths) {
  EXPECT_EQ(to_hex(initialize_update(0x30, 0, from_hex("0102030405060708")).encode()), "8050300008010203040506070800");
  EXPECT_EQ(initialize_update(0, 0, Bytes(16)).data.size(), 16u);
  EXPECT_THROW(initialize_update(0, 0, Bytes(4)), Error);
}

TEST(InitializeUpdate, answers_of_the_three_protocols) {
  const auto scp01 = InitializeUpdateAnswer::parse(from_hex(kKdd + "FF01 A1A2A3A4A5A6A7A8 B1B2B3B4B5B6B7B8"), 8);
  EXPECT_EQ(scp01.scp, Scp::scp01);
  EXPECT_EQ(scp01.key_version, 0xFF);
  EXPECT_EQ(to_hex(scp01.card_challenge), "A1A2A3A4A5A6A7A8");

  const auto scp02 = InitializeUpdateAnswer::parse(from_hex(kKdd + "2002 002A A1A2A3A4A5A6 B1B2B3B4B5B6B7B8"), 8);
  EXPECT_EQ(to_hex(scp02.sequence_counter), "002A");
  EXPECT_EQ(to_hex(scp02.card_challenge), "A1A2A3A4A5A6");

  const auto s8 = InitializeUpdateAnswer::parse(from_hex(kKdd + "300370 A1A2A3A4A5A6A7A8 B1B2B3B4B5B6B7B8 000015"), 8);
  EXPECT_EQ(s8.i, 0x70);
  EXPECT_FALSE(s8.s16);
  EXPECT_EQ(to_hex(s8.sequence_counter), "000015");
  EXPECT_EQ(to_hex(s8.card_cryptogram), "B1B2B3B4B5B6B7B8");

  const Bytes s16_bytes = concat({from_hex(kKdd + "300301"), Bytes(16, 0xAA), Bytes(16, 0xBB)});
  const auto s16 = InitializeUpdateAnswer::parse(s16_bytes, 16);
  EXPECT_TRUE(s16.s16);
  EXPECT_TRUE(s16.sequence_counter.empty());
  EXPECT_EQ(s16.card_cryptogram, Bytes(16, 0xBB));
}

TEST(InitializeUpdate, an_answer_of_any_other_length_is_refused) {
  const Bytes good[] = {from_hex(kKdd + "FF01 A1A2A3A4A5A6A7A8 B1B2B3B4B5B6B7B8"),
                        from_hex(kKdd + "2002 002A A1A2A3A4A5A6 B1B2B3B4B5B6B7B8"),
                        from_hex(kKdd + "300370 A1A2A3A4A5A6A7A8 B1B2B3B4B5B6B7B8 000015")};
  for (const Bytes& answer : good) {
    for (size_t size = 0; size < answer.size(); ++size) {
      EXPECT_THROW(InitializeUpdateAnswer::parse(ByteView(answer).first(size), 8), Error) << size;
    }
    EXPECT_THROW(InitializeUpdateAnswer::parse(concat({answer, Bytes(1)}), 8), Error);
  }
}

TEST(InitializeUpdate, an_unknown_protocol_and_a_wanted_s16_are_named) {
  const auto message = [](const Bytes& answer) {
    try {
      InitializeUpdateAnswer::parse(answer, 8);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("accepted");
  };
  EXPECT_NE(message(from_hex(kKdd + "3011 00 A1A2A3A4A5A6A7A8 B1B2B3B4B5B6B7B8")).find("protocol 11"),
            std::string::npos);
  EXPECT_NE(message(concat({from_hex(kKdd + "300371"), Bytes(35)})).find("S16"), std::string::npos);
}

}  // namespace
}  // namespace cw::gp
