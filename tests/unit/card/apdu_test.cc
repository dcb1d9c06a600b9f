#include "card/apdu.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::card {
namespace {

std::string encoded(const Apdu& command) { return to_hex(command.encode()); }

// ISO/IEC 7816-3 12.1.2 and 12.1.3: the four cases, short and extended.
TEST(Apdu, FourCasesShort) {
  EXPECT_EQ(encoded({.cla = 0x80, .ins = 0xE4, .p1 = 1, .p2 = 2}), "80E40102");
  EXPECT_EQ(encoded({.cla = 0x80, .ins = 0xCA, .p1 = 0, .p2 = 0x66, .le = 256}), "80CA006600");
  EXPECT_EQ(encoded({.ins = 0xA4, .p1 = 4, .data = {1, 2}}), "00A40400020102");
  EXPECT_EQ(encoded({.ins = 0xA4, .p1 = 4, .data = {1, 2}, .le = 16}), "00A4040002010210");
}

TEST(Apdu, FourCasesExtended) {
  EXPECT_EQ(encoded({.ins = 0xB0, .le = 65536}), "00B00000000000");
  EXPECT_EQ(encoded({.ins = 0xB0, .le = 257}), "00B00000000101");
  EXPECT_EQ(encoded({.ins = 0xA4, .data = {7}, .extended = true}), "00A4000000000107");
  EXPECT_EQ(encoded({.ins = 0xA4, .data = {7}, .le = 256, .extended = true}), "00A40000000001070100");
  EXPECT_EQ(encoded({.ins = 0xA4, .extended = true}), "00A40000");  // nothing to extend
  EXPECT_EQ((Apdu{.data = Bytes(256, 1)}).encode().size(), 4u + 3 + 256);
}

TEST(Apdu, ParsesBackWhatItEncodes) {
  for (const size_t size : {0, 1, 255, 256, 65535}) {
    for (const uint32_t le : {0u, 1u, 256u, 257u, 65536u}) {
      for (const bool extended : {false, true}) {
        Apdu command{.cla = 0x84, .ins = 0xE8, .p1 = 3, .p2 = 4, .data = Bytes(size, 0x5A), .extended = extended};
        if (le != 0) command.le = le;
        const Apdu back = Apdu::parse(command.encode());
        EXPECT_EQ(back.data, command.data);
        EXPECT_EQ(back.le, command.le) << size << " " << le;
        EXPECT_EQ(back.encode(), command.encode());
      }
    }
  }
}

TEST(Apdu, RefusesWhatDoesNotAddUp) {
  for (const char* hex : {"", "00A404", "00A4040003AABB", "00A4040001AABBCC", "00A40400000003AABB", "00A4040000AA",
                          "00A404000000", "00A40400000000AA"}) {
    EXPECT_THROW(Apdu::parse(from_hex(hex)), Error) << hex;
  }
  EXPECT_THROW((Apdu{.data = Bytes(65536)}).encode(), Error);
  EXPECT_THROW((Apdu{.le = 0}).encode(), Error);
  EXPECT_THROW((Apdu{.le = 65537}).encode(), Error);
}

TEST(Response, NeedsAStatusWord) {
  EXPECT_EQ(Response::parse(from_hex("9000")), (Response{{}, 0x9000}));
  EXPECT_EQ(Response::parse(from_hex("AABB6310")), (Response{{0xAA, 0xBB}, 0x6310}));
  EXPECT_EQ(to_hex((Response{{1}, 0x6A82}).encode()), "016A82");
  for (const char* hex : {"", "90"}) {
    try {
      Response::parse(from_hex(hex));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::reader);
    }
  }
}

// ISO/IEC 7816-4 5.4.1; GPCS 11.1.4: 04 on channels 0-3 is 60 on channels 4-19, with the channel less 4.
TEST(Channels, KeepSecureMessagingAndChaining) {
  EXPECT_EQ(with_channel(0x00, 3), 0x03);
  EXPECT_EQ(with_channel(0x84, 1), 0x85);
  EXPECT_EQ(with_channel(0x84, 4), 0xE0);
  EXPECT_EQ(with_channel(0x80, 19), 0xCF);
  EXPECT_EQ(with_channel(0x90, 5), 0xD1);
  EXPECT_EQ(with_channel(0xE3, 2), 0x86);
  EXPECT_THROW(with_channel(0x00, 20), Error);
  for (unsigned channel = 0; channel < 20; ++channel) {
    for (const uint8_t cla : std::initializer_list<uint8_t>{0x00, 0x80, 0x84, 0x90, 0x94}) {
      const uint8_t moved = with_channel(cla, channel);
      EXPECT_EQ(channel_of(moved), channel);
      EXPECT_EQ(with_channel(moved, 0), cla);
    }
  }
}

}  // namespace
}  // namespace cw::card
