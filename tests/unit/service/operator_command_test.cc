// What operators send: each request is a command or a refusal with the right status, and nothing in between.
#include "service/operator_command.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cw::service {
namespace {

OperatorCommand taken(std::string_view method, std::string_view target, std::string_view body = "") {
  const ParsedRequest parsed = parse_request(method, target, body);
  if (const auto* refused = std::get_if<Refused>(&parsed)) ADD_FAILURE() << refused->status << " " << refused->why;
  return std::get<OperatorCommand>(parsed);
}

Refused refused(std::string_view method, std::string_view target, std::string_view body = "") {
  const ParsedRequest parsed = parse_request(method, target, body);
  EXPECT_TRUE(std::holds_alternative<Refused>(parsed)) << target << " " << body;
  return std::holds_alternative<Refused>(parsed) ? std::get<Refused>(parsed) : Refused{0, "", ""};
}

TEST(OperatorCommand, is_what_the_path_query_and_body_say) {
  EXPECT_EQ(taken("GET", "/v1/policies").ask, Ask::policy_list);
  EXPECT_EQ(taken("HEAD", "/v1/policies").ask, Ask::policy_list);
  const OperatorCommand use = taken("POST", "/v1/policies/strict%20one/use", R"({"reason":"audit of May"})");
  EXPECT_EQ(use.ask, Ask::policy_use);
  EXPECT_EQ(use.word("version"), "strict one");
  EXPECT_EQ(use.word("reason"), "audit of May");
  const OperatorCommand list = taken("GET", "/v1/runs?state=stuck&limit=7&flow=");
  EXPECT_EQ(list.word("state"), "stuck");
  EXPECT_EQ(list.number("limit", 50), 7);
  EXPECT_EQ(list.word("flow"), "");
  EXPECT_EQ(taken("POST", "/v1/policies/rollback").ask, Ask::policy_rollback);
  EXPECT_EQ(taken("GET", "/v1/policies/rollback").ask, Ask::policy_show);
}

TEST(OperatorCommand, is_the_same_after_it_was_a_request) {
  for (const Route& route : routes()) {
    OperatorCommand command{route.ask, {}, {}};
    for (const Field& field : route.fields) {
      if (field.is == Field::Is::number) {
        command.numbers[field.name] = 3;
      } else {
        const std::string word = field.is == Field::Is::text    ? "return {\n\"a\" }"
                                 : field.is == Field::Is::bytes ? std::string("\0\xff{", 3)
                                                                : "a/b c%?&=\"ö";
        command.words[field.name] = word.substr(0, static_cast<size_t>(field.most));
      }
    }
    const RequestText text = request_of(command);
    const ParsedRequest again = parse_request(text.method, text.target, text.body);
    ASSERT_TRUE(std::holds_alternative<OperatorCommand>(again)) << text.target << ": " << std::get<Refused>(again).why;
    EXPECT_EQ(std::get<OperatorCommand>(again), command) << text.target;
  }
}

TEST(OperatorCommand, that_is_not_there_is_said_so) {
  for (const char* target : {"/", "", "/v1/", "/v2/policies", "/v1/policies/", "/v1/policies//use",
                             "/v1/policies/a/b/use", "/v1/polices", "http://other/v1", "*"}) {
    EXPECT_EQ(refused("GET", target).status, 404) << target;
  }
  EXPECT_EQ(refused("DELETE", "/v1/policies/strict").status, 405);
  EXPECT_EQ(refused("DELETE", "/v1/policies/strict").allow, "GET");
  EXPECT_EQ(refused("PUT", "/v1/policies").allow, "GET, POST");
}

TEST(OperatorCommand, with_a_body_that_is_wrong_is_refused_in_one_line) {
  const std::string use = "/v1/policies/strict/use";
  EXPECT_EQ(refused("POST", use, "{").why, "the body cannot be read: it is no JSON at line 1, column 2");
  EXPECT_EQ(refused("POST", use, "[]").why, "the body must be a JSON object");
  EXPECT_EQ(refused("POST", use, R"({"reason":7})").why, "reason must be a string");
  EXPECT_EQ(refused("POST", use, R"({"raeson":""})").why,
            "the body has a name that is not known here; did you mean 'reason'?");
  EXPECT_EQ(refused("POST", use, R"({"reason":"a","reason":"b"})").why,
            "the body cannot be read: a name stands twice in one object: \"reason\"");
  EXPECT_EQ(refused("POST", use, "{\"reason\":\"a\\nb\"}").why, "reason has control characters in it; write one line");
  EXPECT_EQ(refused("POST", use, "{\"reason\":\"\xff\"}").why,
            "the body cannot be read: it is no JSON at line 1, column 12");
  EXPECT_EQ(refused("POST", "/v1/policies", R"({"origin":"a.lua"})").why, "the body lacks text");
  EXPECT_EQ(refused("POST", "/v1/policies", "").why, "the body lacks origin");
  EXPECT_EQ(refused("POST", use, R"({"reason":")" + std::string(1001, 'x') + "\"}").status, 400);
  const std::string large = R"({"origin":"a","text":")" + std::string(300'000, 'x') + "\"}";
  EXPECT_EQ(refused("POST", "/v1/policies", large).status, 413);
}

TEST(OperatorCommand, with_a_body_of_many_levels_costs_nothing) {
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(refused("POST", "/v1/policies", deep).why, "the body cannot be read: it is nested deeper than 8 levels");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(refused("POST", "/v1/policies", objects).status, 400);
}

TEST(OperatorCommand, with_a_query_that_is_wrong_is_refused) {
  EXPECT_EQ(refused("GET", "/v1/runs?limit=0").why, "limit must be a whole number from 1 to 1000");
  EXPECT_EQ(refused("GET", "/v1/runs?limit=1e3").status, 400);
  EXPECT_EQ(refused("GET", "/v1/runs?limit=99999999999999999999").status, 400);
  EXPECT_EQ(refused("GET", "/v1/runs?limit=1&limit=2").why, "limit stands twice");
  EXPECT_EQ(refused("GET", "/v1/runs?stat=done").why,
            "the query has a name that is not known here; did you mean 'state'?");
  EXPECT_EQ(refused("GET", "/v1/runs?state=%zz").status, 400);
  EXPECT_EQ(refused("GET", "/v1/runs?state=%FF").why, "state is no UTF-8");
  EXPECT_EQ(refused("GET", "/v1/runs/%0a").status, 400);
  EXPECT_EQ(refused("GET", "/v1/policies/%4").status, 400);
}

TEST(OperatorCommand, of_an_archive_has_it_as_its_body_and_its_name_in_the_query) {
  const OperatorCommand load = taken("POST", "/v1/bundles?origin=a%2Fb.bundle", std::string_view("{\0\xff", 3));
  EXPECT_EQ(load.ask, Ask::bundle_load);
  EXPECT_EQ(load.word("origin"), "a/b.bundle");
  EXPECT_EQ(load.word("archive"), std::string("{\0\xff", 3));
  EXPECT_EQ(content_type_of(route_of(Ask::bundle_load)), "application/x-tar");
  EXPECT_EQ(content_type_of(route_of(Ask::bundle_use)), "application/json");
  EXPECT_EQ(refused("POST", "/v1/bundles", "x").why, "the query lacks origin");
  EXPECT_EQ(refused("POST", "/v1/bundles?origin=", "x").why, "the query lacks origin");
  EXPECT_EQ(refused("POST", "/v1/bundles?origin=a", "").why, "archive is empty");
  EXPECT_EQ(refused("POST", "/v1/bundles?origin=a", std::string(kLargestBody + 1, 'x')).status, 413);
  EXPECT_THROW(request_of({Ask::bundle_load, {{"origin", "a"}, {"archive", std::string(kLargestBody + 1, 'x')}}, {}}),
               Error);
}

TEST(OperatorCommand, with_a_body_over_a_megabyte_is_refused_where_no_archive_is_wanted) {
  EXPECT_EQ(refused("POST", "/v1/policies", std::string((1 << 20) + 1, ' ')).status, 413);
}

TEST(OperatorCommand, that_json_cannot_hold_is_not_sent) {
  EXPECT_THROW(request_of({Ask::policy_load, {{"origin", "a"}, {"text", "\xff"}}, {}}), Error);
}

}  // namespace
}  // namespace cw::service
