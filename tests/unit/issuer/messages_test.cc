// The tables as JSON: names as printed, forgiving readers, and what is no message.
#include "issuer/messages.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::issuer {
namespace {

const std::string kRequest =
    R"({"tenantId":"acme","optType":"CREATE_SSD","seId":"ab01","sdAid":"F063617264770001","expPrivilege":"a00000",)"
    R"("scpConfig":"0255","unknown":{"a":[1]}})";

TEST(Messages, table_1_is_read_and_strangers_in_it_are_left_alone) {
  const SsdRequest read = parse_ssd_request(kRequest);
  EXPECT_EQ(read.tenant, "acme");
  EXPECT_EQ(read.operation, "CREATE_SSD");
  EXPECT_EQ(read.se_id, "AB01");
  EXPECT_EQ(to_hex(*read.privileges), "A00000");
  EXPECT_EQ(read.scp->text(), "0255");
  std::string other = kRequest;
  other.replace(other.find("optType"), 7, "opType");
  EXPECT_EQ(parse_ssd_request(other).operation, "CREATE_SSD");
}

TEST(Messages, what_is_no_message_is_refused_by_the_name_of_its_member) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "no JSON"},
      {"[]", "no JSON object"},
      {R"({"tenantId":1})", "tenantId must be a string"},
      {R"({"tenantId":"a","tenantId":"b"})", "stands twice"},
      {R"({"tenantId":"a","optType":"b"})", "seId is missing"},
      {R"({"tenantId":"a","optType":"b","seId":"c","sdAid":"F0"})", "sdAid has 1 bytes"},
      {R"({"tenantId":"a","optType":"b","seId":"c","sdAid":"F0 0000000000"})", "sdAid must be hex"},
      {R"({"tenantId":"a","optType":"b","seId":"c","sdAid":"F00000000000","expPrivilege":"8000"})", "one or three"},
      {R"({"tenantId":"a","optType":"b","seId":"c","sdAid":"F00000000000","scpConfig":"255"})", "four digits"},
      {R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}})", "deeper"},
  };
  for (const auto& [text, part] : wrong) {
    try {
      parse_ssd_request(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(error.message().find(part), std::string::npos) << text << ": " << error.message();
    }
  }
  EXPECT_THROW(parse_commands_request(R"({"tenantId":"a","taskId":"b","seId":"c","respList":["90"]})"), Error);
  EXPECT_THROW(parse_commands_request(R"({"tenantId":"a","taskId":"b","seId":"c","respList":"9000"})"), Error);
}

TEST(Messages, result_codes_are_strings_as_printed_or_numbers) {
  Answer answer;
  answer.apdus = std::vector<std::string>{"00A4040000"};
  answer.task = "7";
  EXPECT_EQ(to_json(answer, false), R"({"resultCode":"0000","apduList":["00A4040000"],"taskId":"7"})");
  answer.code = Code::abnormal;
  answer.message = "no";
  answer.apdus->clear();
  EXPECT_EQ(to_json(answer, true), R"({"resultCode":9999,"resultMessage":"no","apduList":[],"taskId":"7"})");
  for (const char* good : {R"({"resultCode":"0000"})", R"({"resultCode":0})", R"({"resultCode":"0"})"}) {
    EXPECT_TRUE(parse_push_answer(good).normal) << good;
  }
  for (const char* bad : {R"({"resultCode":"9999"})", R"({"resultCode":9999})", R"({"resultCode":""})"}) {
    EXPECT_FALSE(parse_push_answer(bad).normal) << bad;
  }
  EXPECT_THROW(parse_push_answer("{}"), Error);
  EXPECT_THROW(parse_push_answer(R"({"resultCode":true})"), Error);
}

TEST(Messages, tables_7_and_9_have_the_names_as_printed) {
  const KeyPush keys{
      "issuer", "acme", "AB01",    from_hex("F063617264770001"), {{0x01}, {0x02}, {0x03}}, {{0x0A, 0x0B, 0x0C}}, "AES",
      "SCP03",  0x31,   "acme.kek"};
  EXPECT_EQ(to_json(keys, {"17", "5A"}, Bytes{0xFF}),
            R"({"seiTsmId":"issuer","SsdAid":"F063617264770001","encryptedKey":["01","02","03"],"Alg":"AES",)"
            R"("Usage":"SCP03","checkValue":["0A0B0C"],"tenantId":"acme","seId":"AB01","keyVersion":"31",)"
            R"("kekId":"acme.kek","timestamp":"17","nonce":"5A","sign":"FF"})");
  EXPECT_EQ(elements_of(keys, {"17", "5A"}),
            "issuer\nF063617264770001\n01\n02\n03\nAES\nSCP03\n0A0B0C\nacme\nAB01\n31\nacme.kek\n17\n5A\n");
  EXPECT_EQ(to_json(StatusPush{"issuer", "acme", "AB01", from_hex("F063617264770001"), "RESETED"}, {"17", "5A"}, {}),
            R"({"seiTsmId":"issuer","ssidAid":"F063617264770001","status":"RESETED","tenantId":"acme",)"
            R"("seId":"AB01","timestamp":"17","nonce":"5A"})");
}

TEST(Messages, what_is_signed_are_the_values_each_with_a_line_end) {
  std::string text = kRequest;
  text.replace(text.find(R"("unknown")"), std::string::npos, R"("timestamp":"17","nonce":"5A","sign":"ff00"})");
  const SsdRequest read = parse_ssd_request(text);
  EXPECT_EQ(read.signature.elements, "acme\nCREATE_SSD\nab01\nF063617264770001\na00000\n0255\n17\n5A\n");
  EXPECT_EQ(to_hex(*read.signature.signature), "FF00");
}

}  // namespace
}  // namespace cw::issuer
