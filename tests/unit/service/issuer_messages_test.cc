// What issuers tell, in the tables' words and in others that they are printed in: read alike, and signed over the same.
#include "service/issuer_messages.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {
namespace {

// Table 7 alone, without one of our own members.
constexpr const char* kPrinted =
    R"({"seiTsmId":"acme","SsdAid":"f063617264770001","encryptedKey":["00","11","22"],"Alg":"aes","Usage":"SCP03",)"
    R"("checkValue":["A0A0A0","A1A1A1","A2A2A2"]})";

std::string with(std::string text, const std::string& member) {
  text.back() = ',';
  return text + member + "}";
}

std::string refusal(const std::string& text) {
  try {
    parse_key_sync(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.message();
  }
  return "read";
}

TEST(IssuerMessages, table_7_as_it_is_printed) {
  const KeySync sync = parse_key_sync(kPrinted);
  EXPECT_EQ(sync.head.sender, "acme");
  EXPECT_EQ(sync.head.aid, "F063617264770001");
  EXPECT_EQ(sync.head.se_id, "");
  EXPECT_EQ(sync.algorithm, "AES");
  EXPECT_EQ(sync.wrapped, (std::vector<Bytes>{{0x00}, {0x11}, {0x22}}));
  EXPECT_FALSE(sync.version);
  EXPECT_FALSE(sync.seal.signature);
}

TEST(IssuerMessages, a_signature_is_over_each_value_and_a_line_end_in_the_order_of_the_table) {
  const KeySync sync = parse_key_sync(
      with(kPrinted, R"("sign":"AB","nonce":"n1","timestamp":1700000000,"kekId":"k","keyVersion":"31","seId":"9f7f")"));
  EXPECT_EQ(sync.seal.elements,
            "acme\nf063617264770001\n00\n11\n22\naes\nSCP03\nA0A0A0\nA1A1A1\nA2A2A2\n\n9f7f\n31\nk\n1700000000\nn1\n")
      << "as they were sent, upper case or not; a member that is missing is an empty line";
  EXPECT_EQ(sync.seal.signature, Bytes{0xAB});
  EXPECT_EQ(sync.head.se_id, "9F7F");
  EXPECT_EQ(sync.version, 0x31);
}

TEST(IssuerMessages, keys_come_in_the_order_that_usage_names) {
  std::string text = kPrinted;
  text.replace(text.find("SCP03"), 5, "DEK, ENC,MAC");
  const KeySync sync = parse_key_sync(text);
  EXPECT_EQ(sync.wrapped, (std::vector<Bytes>{{0x11}, {0x22}, {0x00}})) << "ENC, MAC, DEK";
  EXPECT_EQ(sync.check_values[0], from_hex("A1A1A1"));
  for (const char* odd : {"ENC,MAC", "ENC,ENC,DEK", "ENC,MAC,DEK,MAC", "ENC,,DEK", "A,B,C"}) {
    std::string wrong = kPrinted;
    wrong.replace(wrong.find("SCP03"), 5, odd);
    EXPECT_NE(refusal(wrong).find("ENC, MAC and DEK, each once"), std::string::npos) << odd;
  }
}

TEST(IssuerMessages, what_is_missing_or_of_another_form_is_named) {
  EXPECT_NE(refusal("").find("cannot read the keys of a domain"), std::string::npos);
  EXPECT_NE(refusal("[]").find("no JSON object"), std::string::npos);
  EXPECT_NE(refusal(R"({"seiTsmId":"a","seiTsmId":"b"})").find("keys of a domain"), std::string::npos);
  EXPECT_NE(refusal(R"({"seiTsmId":7})").find("seiTsmId must be a string"), std::string::npos);
  EXPECT_NE(refusal(with(kPrinted, R"("seId":"9F7")")).find("seId must be hexadecimal"), std::string::npos);
  EXPECT_NE(refusal(with(kPrinted, R"("sign":1)")).find("sign must be a string"), std::string::npos);
  EXPECT_NE(refusal(with(kPrinted, R"("keyVersion":"80")")).find("01 to 7F"), std::string::npos);
  std::string short_one = kPrinted;
  short_one.replace(short_one.find("A1A1A1"), 6, "");
  EXPECT_NE(refusal(short_one).find("checkValue must be three bytes"), std::string::npos);
  std::string aid = kPrinted;
  aid.replace(aid.find("f063617264770001"), 16, "f0");
  EXPECT_NE(refusal(aid).find("SsdAid has 1 bytes"), std::string::npos);
  std::string two = kPrinted;
  two.replace(two.find(R"("22"])"), 5, R"("2"])");
  EXPECT_NE(refusal(two).find("encryptedKey must be hexadecimal"), std::string::npos);
}

TEST(IssuerMessages, table_9_under_each_name_of_the_aid) {
  for (const char* name : {"ssidAid", "SsdAid", "ssdAid", "sdAid"}) {
    const StateSync sync = parse_state_sync(R"({"seiTsmId":"acme","status":"reseted",")" + std::string(name) +
                                            R"(":"F063617264770001","seId":"9F7F"})");
    EXPECT_EQ(sync.status, "RESETED");
    EXPECT_EQ(sync.head.aid, "F063617264770001");
    EXPECT_EQ(sync.seal.elements, "acme\nF063617264770001\nreseted\n\n9F7F\n\n\n");
  }
}

TEST(IssuerMessages, answers_have_the_code_as_the_examples_or_as_the_type) {
  EXPECT_EQ(to_json({}, false), R"({"resultCode":"0000"})");
  EXPECT_EQ(to_json({}, true), R"({"resultCode":0})");
  EXPECT_EQ(to_json({false, "no \xFF", {}}, true), "{\"resultCode\":9999,\"resultMessage\":\"no \xEF\xBF\xBD\"}");
  EXPECT_EQ(to_json({true, "", {{0xAB, 0xCD}}}, false), R"({"resultCode":"0000","receipt":["ABCD"]})");
}

}  // namespace
}  // namespace cw::service
