// What cardwright top draws.
#include "app/top_view.h"

#include <sstream>

#include <gtest/gtest.h>

namespace cw::app {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kNow = 1'772'366'400'000;

TopMoment moment(int64_t begun = 10) {
  TopMoment out;
  out.overview = {
      {"now", kNow},
      {"runs", {{"running", 2}, {"waiting", 1}, {"stuck", 0}, {"done", begun - 4}, {"failed", 1}, {"stopped", 0}}},
      {"begun", begun},
      {"policy",
       {{"name", "strict"},
        {"hash", std::string(64, 'A')},
        {"since", kNow - 7'200'000},
        {"by", "ada@desk"},
        {"reason", "audit"}}},
      {"bundle", nullptr},
      {"near_end", ordered_json::array()}};
  return out;
}

ordered_json run(const std::string& state, const std::string& flow, const std::string& step = "", int64_t wake = 0) {
  return {{"id", "0123456789abcdefghjk"},
          {"state", state},
          {"flow", flow},
          {"step", step},
          {"attempts", 2},
          {"changed", kNow - 65'000},
          {"policy", "strict"},
          {"card", "sim"},
          {"card_id", "4711"},
          {"error", state == "failed" ? "card" : ""},
          {"wake", wake}};
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(Top, says_what_a_store_is_about) {
  TopMoment now = moment();
  now.runs = {run("running", "acme/install", "domain"), run("waiting", "acme/wait", "", kNow + 90'000),
              run("failed", "acme/x")};
  const std::string text = top_picture(now, TopRates{12, 2.5}, "store.db", {}, 0);
  EXPECT_NE(text.find("cardwright top  2026-03-01T12:00:00Z  store.db\n"), std::string::npos) << text;
  EXPECT_NE(text.find("2 running, 1 waiting, 0 stuck, 6 done, 1 failed, 0 stopped; per minute 12 begun, 2.5 ended\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("policy   strict AAAAAAAAAAAA, for 2 h, by ada@desk: audit\n"), std::string::npos) << text;
  EXPECT_NE(text.find("bundle   the program's own scripts\n"), std::string::npos) << text;
  EXPECT_NE(text.find("budgets  none is near its end\n"), std::string::npos) << text;
  EXPECT_NE(text.find("running  acme/install  after domain  2        1 min    strict  sim 4711\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("waiting  acme/wait     waits 1 min "), std::string::npos) << text;
  EXPECT_NE(text.find("failed   acme/x        card "), std::string::npos) << text;
  EXPECT_EQ(text.find("workers"), std::string::npos);
}

TEST(Top, says_how_a_service_is) {
  TopMoment now = moment();
  now.health = {{"ready", false},
                {"checks", {{{"name", "store"}, {"ok", false}, {"why", "it is locked"}}}},
                {"workers", {{{"name", "operator-0"}, {"state", "ready"}, {"starts", 3}}}}};
  now.overview["near_end"] = {{{"card", "CA01"}, {"domain", "isd"}, {"version", "30"}, {"refused", 1}, {"lost", 0}}};
  const std::string text = top_picture(now, {}, "https://tsm.example", {}, 0);
  EXPECT_NE(text.find(", NOT READY\n"), std::string::npos) << text;
  EXPECT_NE(text.find("workers  operator-0 ready (3 starts)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("broken   store: it is locked\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1 near their end: CA01 isd 30, 1 refused, 0 without an answer\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nno run\n"), std::string::npos) << text;
}

TEST(Top, fits_the_window) {
  TopMoment now = moment();
  for (int i = 0; i < 50; ++i) now.runs.push_back(run("running", std::string(100, 'f'), "s"));
  for (const unsigned width : {10U, 40U, 80U}) {
    for (const size_t height : {size_t{1}, size_t{5}, size_t{24}}) {
      Terminal terminal;
      terminal.width = width;
      const auto drawn = lines(top_picture(now, TopRates{}, "w", terminal, height));
      EXPECT_LE(drawn.size(), height);
      for (const std::string& line : drawn) EXPECT_LE(columns_of(line), width) << line;
    }
  }
}

TEST(Top, lets_nothing_from_outside_move_the_cursor) {
  TopMoment now = moment();
  now.runs = ordered_json::array({run("running", "a\x1b[2J\nb", "\x1b]0;x\x07")});
  now.overview["policy"]["reason"] = "\x1b[31m\n";
  const std::string text = top_picture(now, {}, "\x1b[1m", {}, 0);
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_NE(text.find("a\\x1B[2J\\x0Ab"), std::string::npos) << text;
}

TEST(Top, has_rates_once_time_has_passed) {
  const TopMoment before = moment(10);
  EXPECT_FALSE(rates_between(before, moment(10)));
  TopMoment later = moment(15);
  later.overview["now"] = kNow + 30'000;
  const auto rates = rates_between(before, later);
  ASSERT_TRUE(rates);
  EXPECT_DOUBLE_EQ(rates->begun, 10);
  EXPECT_DOUBLE_EQ(rates->ended, 10);
  later.overview["begun"] = 3;  // old runs were removed meanwhile
  EXPECT_DOUBLE_EQ(rates_between(before, later)->begun, 0);
}

}  // namespace
}  // namespace cw::app
