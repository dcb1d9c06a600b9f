// Messages of GP SERAM from the device's side. The examples are those of the OpenAPI document (gpseram.yaml).
#include "agent/seram_messages.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"

namespace cw::agent {
namespace {

using nlohmann::json;
using Kind = RamCommand::Kind;

TEST(SeramMessages, the_example_with_all_commands_is_read) {
  const OrderMessage order = read_order(R"({
      "delay": 0,
      "chosenSecureElement": {"seType": "eSE", "seId": "89001012012341234012345678901224", "seExtraInfo": "SAM"},
      "ramCommands": [{"ramCommandType": "startCommand"},
                      {"ramCommandType": "seRamCommand", "listOfCAPDU": ["00A4040008A00000015100000000"]},
                      {"ramCommandType": "notificationCommand", "deviceAppNotification": "step1/action2/OK"},
                      {"ramCommandType": "stopCommand"}]})");
  EXPECT_EQ(order.delay.count(), 0);
  EXPECT_EQ(order.se_id, "89001012012341234012345678901224");
  ASSERT_EQ(order.commands.size(), 4u);
  EXPECT_EQ(order.commands[0].kind, Kind::start);
  EXPECT_EQ(order.commands[1].kind, Kind::apdus);
  EXPECT_EQ(order.commands[1].apdus, std::vector<std::string>{"00A4040008A00000015100000000"});
  EXPECT_EQ(order.commands[2].notification, "step1/action2/OK");
  EXPECT_EQ(order.commands[3].kind, Kind::stop);
}

TEST(SeramMessages, a_delay_has_a_default_and_a_bound) {
  EXPECT_EQ(read_order("{}").delay.count(), 100);
  EXPECT_EQ(read_order(R"({"delay":500})").delay.count(), 500);
  EXPECT_EQ(read_order(R"({"delay":18446744073709551615})").delay.count(), 300'000);
}

TEST(SeramMessages, what_is_no_order_is_refused) {
  for (const std::string body :
       {"", "[]", "7", "{", R"({"delay":-1})", R"({"delay":"1"})", R"({"ramCommands":{}})", R"({"ramCommands":[7]})",
        R"({"ramCommands":[{}]})", R"({"ramCommands":[{"ramCommandType":"format"}]})",
        R"({"ramCommands":[{"ramCommandType":"seRamCommand"}]})",
        R"({"ramCommands":[{"ramCommandType":"seRamCommand","listOfCAPDU":[1]}]})",
        R"({"ramCommands":[{"ramCommandType":"notificationCommand"}]})", R"({"chosenSecureElement":{}})",
        R"({"ramCommands":[[[[[[[[[[[]]]]]]]]]]]})"}) {
    try {
      read_order(body);
      ADD_FAILURE() << body;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::http) << body;
    }
  }
}

TEST(SeramMessages, a_report_is_printed_as_the_example_has_it) {
  const Bytes ok = from_hex("9000");
  EXPECT_EQ(json::parse(print_report({.status = "PROCESSED", .executed = 2, .responses = {{ok, ok}, {ok}}})),
            json::parse(R"({"localAgentStatus": {"localAgentStatusEnum": "PROCESSED", "executedSeRamCommands": 2},
                "ramResponses": [{"ramResponseType": "seRamResponse", "listOfRAPDU": ["9000", "9000"]},
                                 {"ramResponseType": "seRamResponse", "listOfRAPDU": ["9000"]}]})"));
  EXPECT_EQ(json::parse(print_report({})),
            json::parse(R"({"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":0}})"));
}

TEST(SeramMessages, a_handshake_is_answered_with_what_was_offered_or_not_at_all) {
  const std::string head = R"({"chosenTransportProtocol":"HTTPS","chosenVersion":"2.0.0")";
  EXPECT_NO_THROW(check_handshake(head + R"(,"chosenDataFormat":"application/json"})"));
  EXPECT_NO_THROW(check_handshake(head + R"(,"chosenDataProtocol":"application/json"})"));
  for (const std::string& body :
       {head + "}", head + R"(,"chosenDataFormat":"application/cbor"})",
        head + R"(,"chosenDataFormat":"application/json","chosenDataProtocol":"x"})",
        std::string(R"({"chosenTransportProtocol":"HTTPS","chosenDataFormat":"application/json"})"),
        std::string(
            R"({"chosenTransportProtocol":7,"chosenVersion":"2.0.0","chosenDataFormat":"application/json"})")}) {
    EXPECT_THROW(check_handshake(body), Error) << body;
  }
}

}  // namespace
}  // namespace cw::agent
