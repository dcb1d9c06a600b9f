#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "gp/chaining.h"

namespace cw::gp {
namespace {

Bytes joined(const std::vector<card::Apdu>& pieces) {
  Bytes out;
  for (const auto& piece : pieces) append(out, piece.data);
  return out;
}

TEST(Chaining, marks_all_pieces_but_the_last_and_keeps_le_for_it) {
  Bytes data(600);
  for (size_t k = 0; k < data.size(); ++k) data[k] = static_cast<uint8_t>(k);
  const card::Apdu install{0x84, 0xE6, 0x0C, 0x00, data, 256, true};

  const auto by_p1 = chain(install, ChainingMark::more_in_p1);
  ASSERT_EQ(by_p1.size(), 3u);
  EXPECT_EQ(to_hex(by_p1[0].encode()).substr(0, 10), "84E68C00FF");
  EXPECT_EQ(to_hex(by_p1[1].encode()).substr(0, 10), "84E68C00FF");
  EXPECT_EQ(to_hex(by_p1[2].encode()).substr(0, 10), "84E60C005A");
  EXPECT_FALSE(by_p1[0].le);
  EXPECT_EQ(by_p1[2].le, 256u);
  EXPECT_EQ(joined(by_p1), data);

  const auto iso = chain(install, ChainingMark::iso, 200);
  ASSERT_EQ(iso.size(), 3u);
  EXPECT_EQ(iso[0].cla, 0x94);
  EXPECT_EQ(iso[1].cla, 0x94);
  EXPECT_EQ(iso[2].cla, 0x84);
  EXPECT_EQ(iso[0].p1, 0x0C);
  EXPECT_EQ(joined(iso), data);
}

TEST(Chaining, a_command_that_fits_stays_one) {
  const auto pieces = chain({0x84, 0xD8, 0x00, 0x81, Bytes(255), {}, true}, ChainingMark::iso);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].cla, 0x84);
  EXPECT_FALSE(pieces[0].extended);
  EXPECT_EQ(chain({0x80, 0xF2, 0x80, 0x02}, ChainingMark::more_in_p1).size(), 1u);
}

TEST(Chaining, refuses_what_the_card_would_misread) {
  EXPECT_THROW(chain({0x84, 0xE8, 0x00, 0x00, Bytes(300)}, ChainingMark::more_in_p1), Error);
  EXPECT_THROW(chain({0x84, 0xE2, 0x00, 0x00, Bytes(300)}, ChainingMark::more_in_p1), Error);
  EXPECT_THROW(chain({0x84, 0xE6, 0x8C, 0x00, Bytes(300)}, ChainingMark::more_in_p1), Error);
  EXPECT_THROW(chain({0x84, 0xE6, 0x0C, 0x00, Bytes(300)}, ChainingMark::iso, 0), Error);
  EXPECT_THROW(chain({0x84, 0xE6, 0x0C, 0x00, Bytes(300)}, ChainingMark::iso, 256), Error);
  EXPECT_THROW(chain({0x84, 0xE6, 0x0C, 0x00, Bytes(300), 65536}, ChainingMark::iso), Error);
}

}  // namespace
}  // namespace cw::gp
