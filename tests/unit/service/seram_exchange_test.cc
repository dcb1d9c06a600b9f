// One session of GP SERAM: what goes out again, what is taken, what is lost.
#include "service/seram_exchange.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {
namespace {

using nlohmann::json;
using Status = SeramReport::Status;
using What = Judged::What;
using Outcome = Report::Outcome;

const SeramReport kPoll{};

Order order_of(size_t commands, bool once = false) {
  Order out;
  for (size_t i = 0; i < commands; ++i) out.commands.push_back(Bytes{0x80, 0xE8, 0x00, static_cast<uint8_t>(i)});
  out.once = once;
  return out;
}

/// The lists of listOfCAPDU in an answer.
std::vector<size_t> lists(const std::string& answer) {
  std::vector<size_t> out;
  const json message = json::parse(answer);
  for (const json& command : message.value("ramCommands", json::array())) {
    if (command["ramCommandType"] == "seRamCommand") out.push_back(command["listOfCAPDU"].size());
  }
  return out;
}

std::vector<std::string> kinds(const std::string& answer) {
  std::vector<std::string> out;
  const json message = json::parse(answer);
  for (const json& command : message.value("ramCommands", json::array())) out.push_back(command["ramCommandType"]);
  return out;
}

/// What an agent reports that did all it was told.
SeramReport did(const std::string& answer) {
  SeramReport out{.status = Status::processed};
  for (const size_t count : lists(answer)) out.responses.emplace_back(count, from_hex("9000"));
  out.executed = out.responses.size();
  return out;
}

SeramReport failed(Status status, uint64_t executed, size_t answers) {
  SeramReport out{.status = status, .executed = executed, .message = "so it is"};
  if (answers > 0) out.responses.emplace_back(answers, from_hex("9000"));
  return out;
}

TEST(SeramExchange, a_session_begins_with_start_ends_with_stop_and_waits_in_between) {
  SeramExchange exchange;
  EXPECT_EQ(exchange.judge(kPoll).what, What::polled);
  EXPECT_EQ(exchange.answer(500), R"({"delay":500})");
  exchange.put(order_of(3));
  const std::string first = exchange.answer(0);
  EXPECT_EQ(kinds(first), (std::vector<std::string>{"ramStartCommand", "seRamCommand"}));
  EXPECT_EQ(exchange.judge(did(first)).what, What::reported);
  exchange.taken();
  EXPECT_EQ(exchange.answer(200), R"({"delay":200})");
  exchange.stop();
  EXPECT_EQ(kinds(exchange.answer(0)), std::vector<std::string>{"ramStopCommand"});
  EXPECT_EQ(kinds(exchange.answer(0)), std::vector<std::string>{"ramStopCommand"});
}

TEST(SeramExchange, consecutive_orders_differ_in_their_number_of_commands_whatever_their_length) {
  SeramExchange exchange;
  size_t last = 0;
  size_t before = 0;
  for (const size_t length : {5, 5, 1, 1, 2, 130, 1, 1, 1, 3}) {
    exchange.put(order_of(length));
    const std::string answer = exchange.answer(0);
    const std::vector<size_t> sizes = lists(answer);
    EXPECT_NE(sizes.size(), last);
    EXPECT_NE(sizes.size(), before);
    size_t sum = 0;
    for (const size_t size : sizes) sum += size;
    EXPECT_EQ(sum, length);
    const Judged judged = exchange.judge(did(answer));
    EXPECT_EQ(judged.what, What::reported);
    EXPECT_EQ(judged.report.outcome, Outcome::processed);
    EXPECT_EQ(judged.report.answers.size(), length);
    exchange.taken();
    before = last;
    last = sizes.size();
  }
}

/// An order of one command, reported and taken; its report.
SeramReport first_order(SeramExchange& exchange) {
  exchange.put(order_of(1));
  const SeramReport report = did(exchange.answer(0));
  exchange.taken();
  return report;
}

TEST(SeramExchange, an_order_goes_out_again_until_its_report_is_taken) {
  SeramExchange exchange;
  exchange.put(order_of(2));
  const std::string first = exchange.answer(0);
  const SeramReport first_report = did(first);
  EXPECT_EQ(exchange.judge(kPoll).what, What::polled);  // the answer was lost
  EXPECT_EQ(exchange.answer(0), first);
  EXPECT_EQ(exchange.judge(first_report).what, What::reported);
  EXPECT_EQ(exchange.judge(first_report).what, What::reported) << "finding out changes nothing";
  exchange.taken();
  EXPECT_EQ(exchange.judge(first_report).what, What::repeated) << "nothing new to do yet";
  EXPECT_EQ(exchange.answer(100), R"({"delay":100})");

  exchange.put(order_of(2));
  EXPECT_EQ(exchange.judge(first_report).what, What::repeated);
  const std::string second = exchange.answer(0);
  EXPECT_EQ(exchange.judge(first_report).what, What::repeated) << "the second order was lost on its way";
  EXPECT_EQ(exchange.answer(0), second);
  EXPECT_EQ(exchange.judge(did(second)).what, What::reported);
}

TEST(SeramExchange, an_order_that_must_not_be_sent_twice_is_lost_when_the_device_does_not_know_it) {
  SeramExchange exchange;
  const SeramReport first = first_order(exchange);
  exchange.put(order_of(1, /*once=*/true));
  EXPECT_EQ(exchange.judge(first).what, What::repeated) << "it was not sent yet";
  const std::string sent = exchange.answer(0);
  EXPECT_EQ(exchange.judge(kPoll).what, What::lost) << "it may have been carried out";
  EXPECT_FALSE(exchange.judge(kPoll).why.empty());
  EXPECT_EQ(exchange.judge(did(sent)).what, What::reported);
  EXPECT_THROW(exchange.answer(0), Error);
  exchange.dropped();
  EXPECT_EQ(exchange.judge(did(sent)).what, What::repeated) << "its report comes too late";
  EXPECT_EQ(exchange.judge(kPoll).what, What::polled);
}

TEST(SeramExchange, an_order_that_must_not_be_sent_twice_goes_out_again_when_it_cannot_have_arrived) {
  SeramExchange exchange;
  const SeramReport first = first_order(exchange);
  exchange.put(order_of(1, /*once=*/true));
  const std::string sent = exchange.answer(0);
  EXPECT_EQ(exchange.judge(first).what, What::repeated) << "the device waits for the answer to its report";
  exchange.unseen();
  EXPECT_EQ(exchange.answer(0), sent);
  EXPECT_EQ(exchange.judge(did(sent)).what, What::reported);
}

TEST(SeramExchange, a_copy_of_the_report_before_the_last_is_no_report_of_the_order_under_way) {
  SeramExchange exchange;
  const SeramReport first = first_order(exchange);
  exchange.put(order_of(1));
  const SeramReport second = did(exchange.answer(0));
  exchange.taken();
  exchange.put(order_of(1));
  const std::string third = exchange.answer(0);
  EXPECT_EQ(exchange.judge(first).what, What::late);
  EXPECT_EQ(exchange.judge(second).what, What::repeated);
  EXPECT_EQ(exchange.judge(did(third)).what, What::reported);
}

TEST(SeramExchange, lists_of_answers_have_the_lengths_of_the_lists_of_commands) {
  SeramExchange exchange;
  exchange.put(order_of(1));
  exchange.answer(0);
  exchange.taken();
  exchange.put(order_of(3));
  SeramReport report = did(exchange.answer(0));
  EXPECT_EQ(exchange.judge(report).what, What::reported);
  report.responses[1].push_back(report.responses[0].back());
  report.responses[0].pop_back();
  EXPECT_EQ(exchange.judge(report).what, What::foreign);
}

TEST(SeramExchange, errors_say_how_far_the_device_came) {
  struct Row {
    SeramReport report;
    What what;
    Outcome outcome;
    size_t answers;
  };
  SeramReport hole = failed(Status::unavailable_se, 1, 3);
  hole.responses[0][2].clear();
  for (const Row& row : {Row{failed(Status::unavailable_se, 0, 0), What::reported, Outcome::unavailable, 0},
                         Row{failed(Status::ungranted_access, 0, 0), What::reported, Outcome::refused, 0},
                         Row{failed(Status::unknown_failure, 0, 2), What::reported, Outcome::failed, 2},
                         Row{hole, What::reported, Outcome::unavailable, 3},
                         Row{failed(Status::unknown_failure, 0, 4), What::foreign, Outcome::processed, 0},
                         Row{failed(Status::unknown_failure, 2, 3), What::foreign, Outcome::processed, 0},
                         Row{failed(Status::processed, 1, 2), What::foreign, Outcome::processed, 0},
                         Row{failed(Status::processed, 2, 3), What::foreign, Outcome::processed, 0},
                         Row{failed(Status::processed, 0, 0), What::polled, Outcome::processed, 0}}) {
    SeramExchange exchange;
    exchange.put(order_of(3));
    exchange.answer(0);
    const Judged judged = exchange.judge(row.report);
    EXPECT_EQ(judged.what, row.what);
    EXPECT_EQ(judged.report.outcome, row.outcome);
    EXPECT_EQ(judged.report.answers.size(), row.answers);
    EXPECT_EQ(judged.report.message, judged.what == What::reported ? "so it is" : "");
  }
}

TEST(SeramExchange, a_device_that_ran_fewer_commands_than_it_was_sent_has_stopped) {
  SeramExchange exchange;
  exchange.put(order_of(3));
  exchange.answer(0);
  exchange.taken();
  exchange.put(order_of(4));
  ASSERT_EQ(lists(exchange.answer(0)).size(), 2u);
  exchange.dropped();
  exchange.put(order_of(6));
  ASSERT_EQ(lists(exchange.answer(0)).size(), 3u);
  // One was the number of the order before last, and its report may come late; so an error says which it is.
  EXPECT_EQ(exchange.judge(failed(Status::processed, 1, 2)).what, What::late);
  SeramReport report = failed(Status::unknown_failure, 1, 2);
  const Judged judged = exchange.judge(report);
  EXPECT_EQ(judged.what, What::reported);
  EXPECT_EQ(judged.report.outcome, Outcome::failed);
  EXPECT_EQ(judged.report.answers.size(), 2u);
  EXPECT_EQ(exchange.judge(failed(Status::processed, 2, 6)).what, What::repeated);
}

TEST(SeramExchange, a_report_of_what_was_never_sent_is_foreign) {
  SeramExchange exchange;
  EXPECT_EQ(exchange.judge(failed(Status::processed, 1, 1)).what, What::foreign);
  exchange.put(order_of(1));
  EXPECT_EQ(exchange.judge(failed(Status::processed, 1, 1)).what, What::foreign) << "put, and not sent";
  EXPECT_EQ(exchange.judge(failed(Status::unavailable_se, 0, 0)).what, What::repeated) << "its card is out: it polls";
}

TEST(SeramExchange, notifications_go_with_the_next_order_and_with_each_of_its_repetitions) {
  SeramExchange exchange;
  exchange.notify("halfway");
  EXPECT_EQ(exchange.answer(7), R"({"delay":7})");
  exchange.put(order_of(1));
  const std::string sent = exchange.answer(0);
  EXPECT_EQ(kinds(sent), (std::vector<std::string>{"ramStartCommand", "notificationCommand", "seRamCommand"}));
  EXPECT_EQ(exchange.answer(0), sent);
  exchange.taken();
  exchange.put(order_of(1));
  EXPECT_EQ(kinds(exchange.answer(0)), (std::vector<std::string>{"seRamCommand", "seRamCommand"}));
}

TEST(SeramExchange, a_session_goes_on_from_its_text_at_every_moment) {
  SeramExchange exchange;
  const auto reborn = [&] {
    EXPECT_EQ(SeramExchange::parse(exchange.text()), exchange);
    exchange = SeramExchange::parse(exchange.text());
  };
  exchange.choose({"uicc", "89", "SAM"});
  exchange.notify("hello");
  reborn();
  exchange.put(order_of(2, true));
  reborn();
  const std::string sent = exchange.answer(0);
  reborn();
  EXPECT_EQ(exchange.judge(kPoll).what, What::lost);
  EXPECT_EQ(exchange.judge(did(sent)).what, What::reported);
  exchange.taken();
  reborn();
  exchange.put(order_of(1));
  reborn();
  EXPECT_EQ(lists(exchange.answer(0)).size(), 2u);
  exchange.stop();
  reborn();
  EXPECT_EQ(kinds(exchange.answer(0)), std::vector<std::string>{"ramStopCommand"});
}

TEST(SeramExchange, a_damaged_text_is_refused) {
  SeramExchange exchange;
  exchange.put(order_of(2));
  const std::string text = exchange.text();
  std::vector<std::string> bad{"", "{}", "[]", "7", R"({"seram":2})", text.substr(0, text.size() / 2)};
  json odd = json::parse(text);
  odd["order"]["commands"][0] = "8";
  bad.push_back(odd.dump());
  odd["order"]["commands"] = json::array();
  bad.push_back(odd.dump());
  odd = json::parse(text);
  odd["number"] = 1'000'000;
  bad.push_back(odd.dump());
  for (const std::string& one : bad) {
    try {
      SeramExchange::parse(one);
      ADD_FAILURE() << one;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::store) << one;
    }
  }
}

TEST(SeramExchange, it_takes_no_order_that_is_empty_and_none_while_one_is_under_way) {
  SeramExchange exchange;
  EXPECT_THROW(exchange.put({}), Error);
  exchange.put(order_of(1));
  EXPECT_THROW(exchange.put(order_of(1)), Error);
  exchange.stop();
  EXPECT_THROW(exchange.put(order_of(1)), Error);
}

}  // namespace
}  // namespace cw::service
