// Scripts of ETSI TS 102 226. The values are those of pySim's tests (osmocom/pysim, tests/unittests/test_ota.py,
// written from TS 102 226 V19 and a real card) and of sessions between real cards and other people's servers, as their
// logs show them.
#include "service/expanded_format.h"

#include <numeric>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {
namespace {

const Bytes kGetStatus = from_hex("80F24002024F0000");
const Bytes kSelect = from_hex("00A40004023F0000");

std::string printed(const std::vector<Bytes>& commands, ScriptCoding coding) {
  return to_hex(print_command_script(commands, coding));
}
ResponseScript read(const std::string& hex) { return read_response_script(from_hex(hex)); }

TEST(ExpandedFormat, command_scripts_are_those_of_pysim) {
  EXPECT_EQ(printed({kGetStatus}, ScriptCoding::definite), "AA0A220880F24002024F0000");
  EXPECT_EQ(printed({kGetStatus, kSelect}, ScriptCoding::definite), "AA14220880F24002024F0000220800A40004023F0000");
  EXPECT_EQ(printed({kGetStatus}, ScriptCoding::indefinite), "AE80220880F24002024F00000000");
}

TEST(ExpandedFormat, command_scripts_are_those_that_real_cards_took) {
  // A card of 2019 and its server, over plain HTTP: GET DATA 0085, then GET STATUS.
  EXPECT_EQ(printed({from_hex("80CA008500")}, ScriptCoding::indefinite), "AE80220580CA0085000000");
  EXPECT_EQ(printed({from_hex("80F28002024F0000")}, ScriptCoding::indefinite), "AE80220880F28002024F00000000");
}

TEST(ExpandedFormat, long_commands_have_long_lengths) {
  Bytes command = from_hex("80F24000C3");
  command.resize(200);
  std::iota(command.begin() + 5, command.end(), 0);
  EXPECT_EQ(printed({command}, ScriptCoding::definite), "AA81CB2281C8" + to_hex(command));
  // Read as one byte, the length of a LOAD of 245 bytes made a card find an empty script.
  command.resize(245);
  EXPECT_EQ(printed({command}, ScriptCoding::indefinite), "AE802281F5" + to_hex(command) + "0000");
}

TEST(ExpandedFormat, response_scripts_are_those_of_pysim) {
  Bytes registry(198);
  std::iota(registry.begin(), registry.end(), 0);
  ResponseScript script = read("AB81CE8001012381C8" + to_hex(registry) + "9000");
  EXPECT_EQ(script.executed, 1u);
  ASSERT_EQ(script.answers.size(), 1u);
  EXPECT_EQ(to_hex(script.answers[0]), to_hex(registry) + "9000");

  EXPECT_EQ(read("AB0780010123026132").answers, std::vector<Bytes>{from_hex("6132")});
  EXPECT_EQ(read("AB06800101900101").bad_format, 1);
  EXPECT_EQ(read("AB06800101810101").suspension, 1);
  EXPECT_EQ(read("AB06800101830102").chaining, 2);
}

TEST(ExpandedFormat, response_scripts_are_those_that_real_cards_sent) {
  EXPECT_EQ(read("AF8023026A880000").answers, std::vector<Bytes>{from_hex("6A88")});
  EXPECT_EQ(read("AF8023026D000000").answers, std::vector<Bytes>{from_hex("6D00")});
  EXPECT_FALSE(read("AF8023026D000000").executed.has_value());
  // An ISD that found the length of a definite template wrong.
  const ResponseScript refused = read("AB06800100900102");
  EXPECT_EQ(refused.executed, 0u);
  EXPECT_EQ(refused.bad_format, 2);
  // A server's test has the number in an indefinite script too.
  EXPECT_EQ(read("AF808001012304930590000000").executed, 1u);
}

TEST(ExpandedFormat, several_answers_stand_in_their_order) {
  const ResponseScript script = read("AF8023049F7F900023026A820000");
  EXPECT_EQ(script.answers, (std::vector<Bytes>{from_hex("9F7F9000"), from_hex("6A82")}));
  EXPECT_TRUE(read("AF800000").answers.empty());
}

TEST(ExpandedFormat, what_is_no_response_script_is_refused) {
  for (const char* hex : {
           "",                          // nothing
           "9000",                      // a compact or raw answer
           "AA0A220880F24002024F0000",  // a command script
           "AB",                        // cut
           "AB05800101",                // shorter than it says
           "AB0780010123029000FF",      // bytes behind
           "AB0423029000",              // no number of executed commands
           "AB068001012301900000",      // length of the R-APDU wrong
           "AB0680010123019000",        // no status word
           "AB0780010124029000",        // unknown tag
           "AB0680010190020101",        // bad format of two bytes
           "AB09800101900101900102",    // bad format twice
           "AB0A80010190010123029000",  // an answer behind the error
           "AF0423029000",              // AF with a definite length
           "AF8023029000",              // no end
           "AF802302900000",            // half an end
           "AF8023029000000000",        // bytes behind the end
           "AF80238090000000",          // an inner indefinite length
           "AF8000010000",              // 00 that is no end
       }) {
    EXPECT_THROW(read(hex), Error) << hex;
  }
}

TEST(ExpandedFormat, a_script_of_too_many_answers_is_refused) {
  std::string many = "AF80";
  for (size_t i = 0; i <= kMaxScriptAnswers; ++i) many += "23029000";
  EXPECT_THROW(read(many + "0000"), Error);
}

}  // namespace
}  // namespace cw::service
