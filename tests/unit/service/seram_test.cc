// Messages of GP SERAM. The examples are those of the OpenAPI document (gpseram.yaml, components/examples).
#include "service/seram.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {
namespace {

using nlohmann::json;
using Status = SeramReport::Status;

template <class Read>
std::string refusal(Read read, const std::string& body) {
  try {
    read(body);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.message();
  }
  return "";
}

constexpr const char* kExample = R"({
  "secureElements": [{"seType": "eSE", "seId": "89001012012341234012345678901224", "seExtraInfo": "SAM"}],
  "supportedTransportProtocols": ["HTTPS"], "supportedDataFormats": ["application/json"],
  "supportedVersion": ["2.0.0"]})";

TEST(Seram, a_request_names_its_endpoint_and_its_session) {
  using Endpoint = SeramCall::Endpoint;
  const auto call = seram_call("/gp/seram/handshake?sessionId=0f96af97-f879-45a2-a011-ee7439df3804");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->endpoint, Endpoint::handshake);
  EXPECT_EQ(call->session, "0f96af97-f879-45a2-a011-ee7439df3804");
  EXPECT_EQ(seram_call("/gp/seram/remoteManagement?sessionId=7")->endpoint, Endpoint::remote_management);
  for (const char* other : {"", "/", "/gp/seram", "/gp/seram/other?sessionId=7", "/handshake?sessionId=7"}) {
    EXPECT_FALSE(seram_call(other)) << other;
  }
  for (const std::string query :
       {"", "?", "?session=7", "?sessionId=", "?sessionId=a/b", "?sessionId=7&x=1", "?sessionId=%41"}) {
    EXPECT_THROW(seram_call("/gp/seram/handshake" + query), Error) << query;
  }
  EXPECT_THROW(seram_call("/gp/seram/handshake?sessionId=" + std::string(8193, '7')), Error);
}

TEST(Seram, the_example_of_a_handshake_is_read_and_answered_in_both_spellings) {
  const SeramHandshake handshake = read_seram_handshake(kExample);
  ASSERT_EQ(handshake.elements.size(), 1u);
  EXPECT_EQ(handshake.elements[0], (SecureElement{"eSE", "89001012012341234012345678901224", "SAM"}));
  EXPECT_EQ(json::parse(answer_seram_handshake(handshake).value()),
            json::parse(R"({"chosenTransportProtocol": "HTTPS", "chosenDataFormat": "application/json",
                            "chosenDataProtocol": "application/json", "chosenVersion": "2.0.0"})"));
}

TEST(Seram, what_a_handshake_leaves_out_is_taken_as_the_document_says) {
  EXPECT_TRUE(answer_seram_handshake(read_seram_handshake(R"({"secureElements":[{"seType":"uicc","seId":"1"}]})")));
}

TEST(Seram, a_handshake_without_common_ground_has_no_answer) {
  const std::string element = R"({"secureElements":[{"seType":"uicc","seId":"1"}],)";
  for (const char* offer :
       {R"("supportedVersions":["3.0.0"]})", R"("supportedVersion":["1.0.0"]})",
        R"("supportedDataFormats":["application/cbor"]})", R"("supportedTransportProtocols":[]})"}) {
    EXPECT_FALSE(answer_seram_handshake(read_seram_handshake(element + offer))) << offer;
  }
  // The schema's spelling wins where both are there.
  EXPECT_TRUE(answer_seram_handshake(
      read_seram_handshake(element + R"("supportedVersions":["2.0.0"],"supportedVersion":["9"]})")));
}

TEST(Seram, a_handshake_that_is_none_is_refused_with_the_member_that_is_wrong) {
  for (const auto& [body, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "no JSON at"},
           {"[]", "no JSON object"},
           {"{}", "secureElements is missing"},
           {R"({"secureElements":[]})", "secureElements is missing or empty"},
           {R"({"secureElements":[1]})", "no object"},
           {R"({"secureElements":[{"seType":"eSE"}]})", "seId is missing"},
           {R"({"secureElements":[{"seType":"nfc","seId":"1"}]})", "seType 'nfc'"},
           {R"({"secureElements":[{"seType":"eSE","seId":1}]})", "seId is no string"},
           {R"({"secureElements":[{"seType":"eSE","seId":"a\nb"}]})", "no plain text"},
           {R"({"secureElements":[{"seType":"eSE","seId":"1","seId":"2"}]})", "twice in one object: \"seId\""},
           {R"({"secureElements":[{"seType":"eSE","seId":"1"}],"supportedVersions":"2.0.0"})", "no list"},
           {R"({"secureElements":)" + std::string(100'000, '[') + "}", "bytes, at most"},
           {R"({"secureElements":)" + std::string(60'000, '[') + "}", "deeper than"}}) {
    EXPECT_NE(refusal(read_seram_handshake, body).find(why), std::string::npos)
        << body.substr(0, 80) << ": " << refusal(read_seram_handshake, body);
  }
}

TEST(Seram, the_examples_of_reports_are_read) {
  const SeramReport polling =
      read_seram_report(R"({"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":0}})");
  EXPECT_EQ(polling.status, Status::polling);
  const SeramReport report = read_seram_report(R"({
      "localAgentStatus": {"localAgentStatusEnum": "PROCESSED", "executedSeRamCommands": 2},
      "ramResponses": [{"ramResponseType": "seRamResponse", "listOfRAPDU": ["9000", "9000"]},
                       {"ramResponseType": "seRamResponse", "listOfRAPDU": ["9000"]}]})");
  EXPECT_EQ(report.status, Status::processed);
  EXPECT_EQ(report.executed, 2u);
  const Bytes ok = from_hex("9000");
  EXPECT_EQ(report.responses, (std::vector<std::vector<Bytes>>{{ok, ok}, {ok}}));
}

TEST(Seram, a_report_may_leave_out_what_is_not_required_and_have_empty_answers) {
  const SeramReport report = read_seram_report(R"({"localAgentStatus":{"localAgentStatusEnum":"UNAVAILABLE_SE",
      "errorMsg":"no\ncard"},"ramResponses":[{"ramResponseType":"seRamResponse","listOfRAPDU":["6a82",""]}]})");
  EXPECT_EQ(report.status, Status::unavailable_se);
  EXPECT_EQ(report.executed, 1u);
  EXPECT_EQ(report.message, "no?card");
  EXPECT_EQ(report.responses, (std::vector<std::vector<Bytes>>{{from_hex("6A82"), {}}}));
  for (const char* word : {"UNGRANTED_ACCESS", "UNGRANDED_ACCESS"}) {
    EXPECT_EQ(read_seram_report(R"({"localAgentStatus":{"localAgentStatusEnum":")" + std::string(word) + "\"}}").status,
              Status::ungranted_access);
  }
}

TEST(Seram, a_report_that_is_none_is_refused_with_the_member_that_is_wrong) {
  const std::string head = R"({"localAgentStatus":{"localAgentStatusEnum":"PROCESSED"},"ramResponses":[)";
  for (const auto& [body, why] : std::vector<std::pair<std::string, std::string>>{
           {"{}", "localAgentStatus is missing"},
           {R"({"localAgentStatus":{}})", "localAgentStatusEnum is missing"},
           {R"({"localAgentStatus":{"localAgentStatusEnum":"DONE"}})", "'DONE' is unknown"},
           {R"({"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":-1}})", "whole number"},
           {R"({"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":1.5}})", "whole number"},
           {head + R"({"listOfRAPDU":[]}]})", "ramResponseType is missing"},
           {head + R"({"ramResponseType":"seRamResponse"}]})", "listOfRAPDU is missing"},
           {head + R"({"ramResponseType":"other","listOfRAPDU":[]}]})", "'other' is unknown"},
           {head + R"({"ramResponseType":"seRamResponse","listOfRAPDU":["900"]}]})", "hexadecimal"},
           {head + R"({"ramResponseType":"seRamResponse","listOfRAPDU":["90 0"]}]})", "hexadecimal"},
           {head + R"({"ramResponseType":"seRamResponse","listOfRAPDU":["90"]}]})", "one byte"},
           {head + R"({"ramResponseType":"seRamResponse","listOfRAPDU":[9000]}]})", "no string"}}) {
    EXPECT_NE(refusal(read_seram_report, body).find(why), std::string::npos)
        << body << ": " << refusal(read_seram_report, body);
  }
}

TEST(Seram, an_order_is_printed_with_the_names_of_the_mapping) {
  const SeramMessage message{.delay = 250,
                             .element = SecureElement{"eSE", "42", "SAM"},
                             .commands = {SeramStart{}, SeramApdus{{from_hex("00A40400"), from_hex("80CA9F7F00")}},
                                          SeramApdus{}, SeramNotification{"step1/action2/OK"}, SeramStop{}}};
  EXPECT_EQ(json::parse(print_seram(message)), json::parse(R"({
      "delay": 250, "chosenSecureElement": {"seType": "eSE", "seId": "42", "seExtraInfo": "SAM"},
      "ramCommands": [{"ramCommandType": "ramStartCommand"},
                      {"ramCommandType": "seRamCommand", "listOfCAPDU": ["00A40400", "80CA9F7F00"]},
                      {"ramCommandType": "seRamCommand", "listOfCAPDU": []},
                      {"ramCommandType": "notificationCommand", "deviceAppNotification": "step1/action2/OK"},
                      {"ramCommandType": "ramStopCommand"}]})"));
  EXPECT_EQ(print_seram({.delay = 500}), R"({"delay":500})");
}

}  // namespace
}  // namespace cw::service
