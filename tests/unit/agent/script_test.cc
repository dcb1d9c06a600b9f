// Scripts of ETSI TS 102 226 as a device reads them. The values are those of pySim's tests (osmocom/pysim,
// tests/unittests/test_ota.py) and of sessions between real cards and other people's servers.
#include "agent/script.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace cw::agent {
namespace {

CommandScript read(const std::string& hex) { return read_script(from_hex(hex)); }

TEST(Script, the_scripts_of_pysim_are_read) {
  const CommandScript one = read("AA0A220880F24002024F0000");
  EXPECT_TRUE(one.definite && !one.bad);
  EXPECT_EQ(one.commands, std::vector<Bytes>{from_hex("80F24002024F0000")});
  EXPECT_EQ(read("AA14220880F24002024F0000220800A40004023F0000").commands.size(), 2u);
}

TEST(Script, the_scripts_of_real_sessions_are_read) {
  const CommandScript one = read("AE80220580CA0085000000");
  EXPECT_TRUE(!one.definite && !one.bad);
  EXPECT_EQ(one.commands, std::vector<Bytes>{from_hex("80CA008500")});
  EXPECT_EQ(read("AE80220880F28002024F00000000").commands, std::vector<Bytes>{from_hex("80F28002024F0000")});
}

TEST(Script, answers_are_printed_as_real_cards_do) {
  EXPECT_EQ(to_hex(print_answers({from_hex("6A88")}, {.definite = false})), "AF8023026A880000");
  EXPECT_EQ(to_hex(print_answers({from_hex("6132")}, {})), "AB0780010123026132");
  EXPECT_EQ(to_hex(print_answers({}, {.bad = BadFormat::wrong_length})), "AB06800100900102");
}

TEST(Script, long_answers_have_long_lengths) {
  const std::string registry = to_hex(Bytes(198, 0x5A)) + "9000";
  EXPECT_EQ(to_hex(print_answers({from_hex(registry)}, {})), "AB81CE8001012381C8" + registry);
  EXPECT_EQ(to_hex(print_answers({Bytes(258, 0x5A)}, {.definite = false})).substr(0, 12), "AF8023820102");
}

TEST(Script, what_is_no_script_is_of_bad_format_and_has_no_commands) {
  using enum BadFormat;
  for (const auto& [hex, why] :
       std::vector<std::pair<std::string, BadFormat>>{{"", unknown_tag},
                                                      {"9000", unknown_tag},
                                                      {"AB0780010123029000", unknown_tag},
                                                      {"AA", length_not_found},
                                                      {"AA0A2208", wrong_length},
                                                      {"AA0422029000FF", wrong_length},
                                                      {"AA80220580CA0085000000", wrong_length},
                                                      {"AE0A220880F24002024F0000", wrong_length},
                                                      {"AE80220580CA008500", length_not_found},
                                                      {"AE80220580CA00850000", wrong_length},
                                                      {"AE80220580CA008500000000", wrong_length},
                                                      {"AE80240580CA0085000000", unknown_tag},
                                                      {"AE80220580CA0085002280000000", wrong_length},
                                                      {"AA85010000000022", wrong_length},
                                                      {"AA82FF", length_not_found}}) {
    const CommandScript script = read(hex);
    ASSERT_TRUE(script.bad) << hex;
    EXPECT_EQ(static_cast<int>(*script.bad), static_cast<int>(why)) << hex;
    EXPECT_TRUE(script.commands.empty()) << hex;
  }
}

TEST(Script, a_script_goes_on_after_success_and_warnings_and_stops_at_errors) {
  for (const char* good : {"9000", "AABB9000", "9112", "9F10", "6283", "6310", "63C2"})
    EXPECT_TRUE(goes_on(from_hex(good))) << good;
  for (const char* bad : {"6A88", "6985", "6F00", "6700", "62F1", "6400", "00"})
    EXPECT_FALSE(goes_on(from_hex(bad))) << bad;
}

}  // namespace
}  // namespace cw::agent
