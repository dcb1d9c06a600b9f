// RAM over HTTP from the server's side: requests as cards send them, and one administration session.
#include "service/ram_http.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {
namespace {

using What = Judged::What;
using Outcome = Report::Outcome;
using Status = RamHttpRequest::Status;

constexpr const char* kPath = "/gp/ram/7";

const net::Headers kHead{
    {"X-Admin-Protocol", "globalplatform-remote-admin/1.0"},
    {"X-Admin-From", "//se-id/eid/89001012012341234012345678901224;//aa-id/aid/A000000559/1010FF"}};

net::Headers with(std::initializer_list<std::pair<std::string, std::string>> more) {
  net::Headers out = kHead;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

RamHttpRequest report(uint64_t step, const std::string& script, const std::string& status = "ok") {
  return read_ram_http(std::string(kPath) + "?step=" + std::to_string(step),
                       with({{"X-Admin-Script-Status", status},
                             {"Content-Type", "application/vnd.globalplatform.card-content-mgt-response;version=1.0"}}),
                       to_string(from_hex(script)));
}
RamHttpRequest poll(const std::string& target, bool resume = false) {
  return read_ram_http(target, resume ? with({{"X-Admin-Resume", "true"}}) : kHead, "");
}
RamHttpRequest poll(uint64_t step) { return poll(std::string(kPath) + "?step=" + std::to_string(step), true); }

Order order_of(size_t commands, bool once = false) {
  Order out;
  for (size_t i = 0; i < commands; ++i) out.commands.push_back(from_hex("80CA9F7F00"));
  out.once = once;
  return out;
}

std::string header(const net::ServerAnswer& answer, std::string_view name) {
  const std::string* value = net::find_header(answer.headers, name);
  return value == nullptr ? "" : *value;
}

TEST(RamHttp, a_first_post_and_a_report_are_read) {
  const RamHttpRequest first = poll(kPath);
  EXPECT_EQ(first.from.substr(0, 14), "//se-id/eid/89");
  EXPECT_FALSE(first.step || first.status || first.script || first.resume);
  const RamHttpRequest second = report(3, "AF8023026A880000");
  EXPECT_EQ(second.step, 3u);
  EXPECT_EQ(second.status, Status::ok);
  EXPECT_EQ(second.script->answers, std::vector<Bytes>{from_hex("6A88")});
  EXPECT_TRUE(poll(3).resume);
}

TEST(RamHttp, what_is_no_request_is_refused) {
  const net::Headers type{{"Content-Type", "application/vnd.globalplatform.card-content-mgt-response;version=1.0"}};
  const std::string body = to_string(from_hex("AF8023026A880000"));
  struct Row {
    std::string target;
    net::Headers headers;
    std::string body;
  };
  for (const Row& row : {
           Row{kPath, {}, ""},
           Row{kPath, {{"X-Admin-Protocol", "globalplatform-remote-admin/2.0"}, {"X-Admin-From", "a"}}, ""},
           Row{kPath, {{"X-Admin-Protocol", "globalplatform-remote-admin/1.0"}}, ""},
           Row{kPath,
               {{"X-Admin-Protocol", "globalplatform-remote-admin/1.0"}, {"X-Admin-From", std::string(8193, 'a')}},
               ""},
           Row{kPath, with({{"X-Admin-From", "b"}}), ""},
           Row{kPath, with({{"X-Admin-Script-Status", "fine"}}), ""},
           Row{kPath, with({{"X-Admin-Resume", "maybe"}}), ""},
           Row{std::string(kPath) + "?step=", kHead, ""},
           Row{std::string(kPath) + "?step=1x", kHead, ""},
           Row{std::string(kPath) + "?step=99999999999999999999999", kHead, ""},
           Row{std::string(kPath) + "?other=1", kHead, ""},
           Row{kPath, with({{"X-Admin-Script-Status", "ok"}}), body},
           Row{kPath, with({{"X-Admin-Script-Status", "ok"}, {"Content-Type", "text/plain"}}), body},
           Row{kPath, with({type[0]}), body},
           Row{kPath, with({{"X-Admin-Script-Status", "ok"}, type[0]}), body.substr(0, 5)},
       }) {
    EXPECT_THROW(read_ram_http(row.target, row.headers, row.body), Error) << row.target;
  }
}

TEST(RamHttpExchange, an_answer_has_the_headers_of_amendment_b) {
  RamHttpExchange exchange;
  exchange.choose(from_hex("A000000151000000"));
  exchange.put(order_of(1));
  const net::ServerAnswer answer = exchange.answer(kPath, 1);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "X-Admin-Protocol"), "globalplatform-remote-admin/1.0");
  EXPECT_EQ(header(answer, "X-Admin-Next-URI"), "/gp/ram/7?step=1");
  EXPECT_EQ(header(answer, "X-Admin-Targeted-Application"), "//aid/A000000151/000000");
  EXPECT_EQ(header(answer, "Content-Type"), "application/vnd.globalplatform.card-content-mgt;version=1.0");
  EXPECT_EQ(to_hex(view(answer.body)), "AE80220580CA9F7F000000");
}

TEST(RamHttpExchange, a_session_polls_works_and_ends) {
  RamHttpExchange exchange;
  EXPECT_EQ(exchange.judge(poll(kPath)).what, What::polled);
  const net::ServerAnswer idle = exchange.answer(kPath, 5);
  EXPECT_EQ(idle.status, 204);
  EXPECT_EQ(header(idle, "X-Admin-Next-URI"), "/gp/ram/7?step=0");
  EXPECT_EQ(header(idle, "Retry-After"), "5");
  EXPECT_TRUE(idle.body.empty());
  exchange.put(order_of(2));
  EXPECT_EQ(exchange.judge(poll(0)).what, What::polled);
  exchange.answer(kPath, 5);
  const Judged judged = exchange.judge(report(1, "AF802302900023026A820000"));
  EXPECT_EQ(judged.what, What::reported);
  EXPECT_EQ(judged.report.outcome, Outcome::processed);
  EXPECT_EQ(judged.report.answers, (std::vector<Bytes>{from_hex("9000"), from_hex("6A82")}));
  exchange.taken();
  exchange.stop();
  const net::ServerAnswer end = exchange.answer(kPath, 5);
  EXPECT_EQ(end.status, 204);
  EXPECT_EQ(header(end, "X-Admin-Next-URI"), "") << "no next URI ends the session";
}

TEST(RamHttpExchange, a_step_tells_which_order_a_report_is_of) {
  RamHttpExchange exchange;
  exchange.put(order_of(1));
  exchange.answer(kPath, 1);
  const RamHttpRequest first = report(1, "AF80230290000000");
  EXPECT_EQ(exchange.judge(first).what, What::reported);
  exchange.taken();
  EXPECT_EQ(exchange.judge(first).what, What::repeated);
  exchange.put(order_of(1));
  EXPECT_EQ(exchange.judge(first).what, What::repeated) << "not sent yet";
  EXPECT_EQ(exchange.judge(report(2, "AF80230290000000")).what, What::foreign) << "not sent yet";
  const net::ServerAnswer second = exchange.answer(kPath, 1);
  EXPECT_EQ(exchange.judge(first).what, What::repeated) << "the answer was lost";
  EXPECT_EQ(exchange.answer(kPath, 1).body, second.body);
  EXPECT_EQ(exchange.judge(poll(2)).what, What::polled) << "the device began anew";
  EXPECT_EQ(exchange.judge(report(2, "AF80230290000000")).what, What::reported);
  EXPECT_EQ(exchange.judge(report(3, "AF80230290000000")).what, What::foreign);
  EXPECT_EQ(exchange.judge(read_ram_http(kPath, with({{"X-Admin-Script-Status", "ok"}}), "")).what, What::foreign);
}

TEST(RamHttpExchange, an_order_that_must_not_be_sent_twice_is_lost_when_the_device_does_not_know_it) {
  RamHttpExchange exchange;
  exchange.put(order_of(1, /*once=*/true));
  EXPECT_EQ(exchange.judge(poll(kPath)).what, What::polled);
  exchange.answer(kPath, 1);
  EXPECT_EQ(exchange.judge(poll(kPath)).what, What::lost);
  EXPECT_EQ(exchange.judge(poll(1)).what, What::lost);
  EXPECT_EQ(exchange.judge(report(1, "AF80230290000000")).what, What::reported);
  EXPECT_THROW(exchange.answer(kPath, 1), Error);
  exchange.dropped();
  EXPECT_EQ(exchange.judge(report(1, "AF80230290000000")).what, What::repeated);
}

TEST(RamHttpExchange, reports_say_how_far_the_device_came_and_why_no_further) {
  struct Row {
    std::string script;
    std::string status;
    What what;
    Outcome outcome;
    size_t answers;
  };
  for (const Row& row : {
           Row{"AB0780010123026985", "ok", What::reported, Outcome::stopped, 1},
           Row{"AF8023026985"
               "0000",
               "ok", What::reported, Outcome::stopped, 1},
           Row{"AB0B8001022302900023026985", "ok", What::reported, Outcome::processed, 2},
           Row{"AB06800100900102", "ok", What::reported, Outcome::failed, 0},
           Row{"AB0A80010123029000900101", "ok", What::reported, Outcome::failed, 1},
           Row{"AF800000", "security-error", What::reported, Outcome::refused, 0},
           Row{"AF800000", "unknown-application", What::reported, Outcome::refused, 0},
           Row{"AF800000", "not-a-security-domain", What::reported, Outcome::refused, 0},
           Row{"AF800000", "unavailable-se", What::reported, Outcome::unavailable, 0},
           Row{"AF80230290000000", "temporarily-unavailable-application", What::reported, Outcome::unavailable, 1},
           Row{"AF80230290000000", "script-format-error", What::reported, Outcome::failed, 1},
           Row{"AB0780010223029000", "ok", What::foreign, Outcome::processed, 0},
           Row{"AF802302900023029000230290000000", "ok", What::foreign, Outcome::processed, 0},
       }) {
    RamHttpExchange exchange;
    exchange.put(order_of(2));
    exchange.answer(kPath, 1);
    const Judged judged = exchange.judge(report(1, row.script, row.status));
    EXPECT_EQ(judged.what, row.what) << row.script << row.status;
    EXPECT_EQ(judged.report.outcome, row.outcome) << row.script << row.status;
    EXPECT_EQ(judged.report.answers.size(), row.answers) << row.script;
  }
}

TEST(RamHttpExchange, a_session_goes_on_from_its_text_at_every_moment) {
  RamHttpExchange exchange(ScriptCoding::definite);
  const auto reborn = [&] {
    EXPECT_EQ(RamHttpExchange::parse(exchange.text()), exchange);
    exchange = RamHttpExchange::parse(exchange.text());
  };
  exchange.choose(from_hex("A000000003000000"));
  reborn();
  exchange.put(order_of(2, true));
  reborn();
  exchange.answer(kPath, 1);
  reborn();
  EXPECT_EQ(exchange.judge(poll(1)).what, What::lost);
  exchange.dropped();
  reborn();
  exchange.stop();
  reborn();
  for (const char* bad : {"", "{}", "[]", R"({"ram-http":2})", R"({"ram-http":1})"}) {
    EXPECT_THROW(RamHttpExchange::parse(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace cw::service
