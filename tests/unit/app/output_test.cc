// A run on a terminal, in a pipe, and as JSON.
#include <sstream>

#include <gtest/gtest.h>

#include "app/console.h"
#include "app/json_events.h"

namespace cw::app {
namespace {

using Kind = host::Note::Kind;
using nlohmann::json;

/// A small run as a flow would tell it.
void tell(engine::Observer& observer) {
  observer.attempt_begins(1);
  observer.noted({.kind = Kind::step_skip, .name = "domain"});
  observer.noted({.kind = Kind::step_begin, .name = "load"});
  observer.noted({.kind = Kind::progress, .text = "LOAD", .done = 1, .total = 2});
  observer.noted({.kind = Kind::log, .name = "info", .text = "free: \x1b[1m12 KiB"});
  observer.noted({.kind = Kind::log, .name = "debug", .text = "for verbose only"});
  observer.noted({.kind = Kind::step_end, .name = "load"});
  observer.noted(
      {.kind = Kind::output, .name = "table", .text = R"({"title":"registry","columns":["AID"],"rows":[["A000"]]})"});
  observer.noted({.kind = Kind::output, .name = "json", .text = R"({"name":"count","value":[1]})"});
}

std::string told_to(const Terminal& terminal) {
  std::ostringstream out;
  Console console(out, terminal, false);
  tell(console);
  engine::RunResult result;
  result.commands = 7;
  console.finish(result, false);
  return out.str();
}

TEST(Console, in_a_pipe_there_are_plain_lines_and_no_progress) {
  const std::string text = told_to(Terminal{});
  EXPECT_EQ(text.substr(0, text.find("done:")),
            "skip domain  nothing to do\nfree: \\x1B[1m12 KiB\nok   load\n\nregistry\nAID\nA000\n\n");
  EXPECT_NE(text.find("done: 1 step done, 1 skipped, 7 commands"), std::string::npos) << text;
}

TEST(Console, on_a_terminal_a_bar_is_drawn_and_wiped) {
  Terminal terminal;
  terminal.interactive = true;
  terminal.utf8 = true;
  terminal.width = 60;
  const std::string text = told_to(terminal);
  EXPECT_NE(text.find("█"), std::string::npos);
  EXPECT_NE(text.find("50%"), std::string::npos);
  EXPECT_NE(text.find("50%\r\x1b[Kfree:"), std::string::npos) << text;
  EXPECT_NE(text.find("✓ load"), std::string::npos) << text;
}

TEST(Console, a_bar_moves_with_every_load_block) {
  Terminal terminal;
  terminal.interactive = true;
  terminal.width = 60;
  std::ostringstream out;
  Console console(out, terminal, false);
  auto file = std::make_shared<host::File>(host::File{"a.cap", Bytes(400), Bytes(32)});
  for (const uint32_t offset : {0u, 100u}) {
    host::Command load{0x80, 0xE8, 0x00, 0x00, {}, {}};
    load.data.add(host::FilePart{file, offset, 100});
    console.exchanged(load, 1, {{}, 0x9000}, {});
  }
  EXPECT_NE(out.str().find("25%"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("50%"), std::string::npos) << out.str();
}

TEST(Console, results_are_shown_when_there_is_no_table) {
  std::ostringstream out;
  Console console(out, Terminal{}, false);
  console.noted({.kind = Kind::output, .name = "json", .text = R"({"name":"count","value":[1,2]})"});
  console.finish({}, false);
  EXPECT_NE(out.str().find("count: [1,2]\n"), std::string::npos) << out.str();
}

TEST(Console, a_step_that_failed_is_named) {
  std::ostringstream out;
  Console console(out, Terminal{}, false);
  console.noted({.kind = Kind::step_begin, .name = "load"});
  console.attempt_failed(Error(ErrorKind::card, "no"), false);
  engine::RunResult result;
  result.error = Error(ErrorKind::card, "no");
  console.finish(result, false);
  EXPECT_NE(out.str().find("FAIL load\nfailed"), std::string::npos) << out.str();
}

TEST(JsonEvents, every_line_is_an_object_with_an_event) {
  std::ostringstream out;
  JsonEvents events(out, true);
  tell(events);
  events.exchanged({0x80, 0xF2, 0x40, 0x02, host::Data(Bytes{0x4F, 0x00}), 256}, 1, {{}, 0x6310}, {});
  events.attempt_failed(Error(ErrorKind::card, "said no", 0x6A84), false);
  engine::RunResult result;
  result.error = Error(ErrorKind::card, "said \xFF no", 0x6A84);
  events.finish(result, ExitStatus::refused);

  std::istringstream in(out.str());
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  ASSERT_GE(lines.size(), 10u);
  for (const json& line : lines) EXPECT_TRUE(line.at("event").is_string());
  EXPECT_EQ(lines[1], (json{{"event", "step"}, {"name", "domain"}, {"state", "skip"}}));
  EXPECT_EQ(lines[7].at("rows"), json::parse(R"([["A000"]])"));
  EXPECT_EQ(lines[8], (json{{"event", "result"}, {"name", "count"}, {"value", {1}}}));
  EXPECT_EQ(lines[9].at("sw"), "6310");
  EXPECT_EQ(lines.back().at("error").at("sw"), "6A84");
  EXPECT_EQ(lines.back().at("status"), 1);
}

}  // namespace
}  // namespace cw::app
