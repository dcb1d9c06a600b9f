#include "gp/cplc.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::gp {
namespace {

const std::string kData = "479050384791007833003332A0B1C2D3ABCD4812333900000000060F2032A0B1C2D30000000000000000";

TEST(Cplc, WithAndWithoutTag) {
  for (const std::string& hex : {kData, "9F7F2A" + kData}) {
    const auto fields = parse_cplc(from_hex(hex));
    ASSERT_EQ(fields.size(), 18u);
    EXPECT_EQ(fields[0].name, "ic_fabricator");
    EXPECT_EQ(to_hex(fields[0].value), "4790");
    EXPECT_EQ(fields[6].name, "ic_serial_number");
    EXPECT_EQ(to_hex(fields[6].value), "A0B1C2D3");
    EXPECT_EQ(fields[17].name, "ic_perso_equipment_id");
  }
}

TEST(Cplc, AnotherSizeIsRefused) {
  EXPECT_THROW(parse_cplc({}), Error);
  EXPECT_THROW(parse_cplc(from_hex(kData + "00")), Error);
  EXPECT_THROW(parse_cplc(from_hex("9F7F29" + kData.substr(2))), Error);
}

}  // namespace
}  // namespace cw::gp
