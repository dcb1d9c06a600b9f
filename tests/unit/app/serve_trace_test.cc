// The trace of a card that is served: what travels, without what nobody else should read.
#include "app/serve_trace.h"

#include <sstream>

#include <gtest/gtest.h>

#include "base/hex.h"

namespace cw::app {
namespace {

std::string traced(const std::string& command, const std::string& response, const std::string& why = "",
                   const std::string& card = "") {
  std::ostringstream out;
  std::mutex guard;
  ServeTrace(out, guard, card).exchanged(from_hex(command), from_hex(response), why);
  return out.str();
}

TEST(ServeTrace, shows_what_travels_and_what_it_means) {
  EXPECT_EQ(traced("00A4040000", "6F009000"),
            "#1 SELECT the default application\n  > 00A4040000\n  < 6F00\n  < 9000 success\n");
}

TEST(ServeTrace, says_why_the_card_refused_and_which_card_it_was) {
  const std::string text = traced("80F28002024F0000", "6982", "this command wants a secure channel", "[2] ");
  EXPECT_TRUE(text.starts_with("[2] #1 GET STATUS")) << text;
  EXPECT_TRUE(text.ends_with("[2]   the card: this command wants a secure channel\n")) << text;
}

TEST(ServeTrace, keys_codes_and_personal_data_are_a_length_in_any_class) {
  const std::string secret = "5345435245545345";
  for (const char* header : {"80D80081", "84D80081", "80E28000", "84E20000", "00200000", "8CE20000"}) {
    const std::string text = traced(header + std::string("08") + secret + "00", "9000");
    EXPECT_EQ(text.find(secret), std::string::npos) << text;
    EXPECT_NE(text.find("  > " + std::string(header) + " <10 bytes>"), std::string::npos) << text;
  }
  EXPECT_EQ(traced("80D8008155" + secret, "6700").find(secret), std::string::npos) << "a length that does not fit";
  EXPECT_EQ(traced("00CA010100", secret + "9000").find(secret), std::string::npos) << "an applet's data";
}

TEST(ServeTrace, what_is_no_command_is_shown_as_it_came) {
  EXPECT_EQ(traced("00A4", "6700"), "#1 no command APDU\n  > 00A4\n  < 6700\n");
  EXPECT_EQ(traced("00A4040000", ""),
            "#1 SELECT the default application\n  > 00A4040000\n  < no answer, the card lost power\n");
}

}  // namespace
}  // namespace cw::app
