// The table of docs/RELIABILITY.md, tried: each of its cells is a process that is killed there, and another one that
// takes its run up.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "kinds.h"
#include "witness.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;

/// A row: what each kill point comes to, in the words of the legend.
struct Row {
  std::string kind{};
  std::string around{};
  std::string channel{};
  std::vector<std::string> outcomes{};
};

const std::vector<std::string> kColumns{"Command",      "Around it", "Channel",  "Before intent",
                                        "After intent", "Sent",      "Answered", "Committed"};
const std::vector<At> kPoints{At::before_intent, At::after_intent, At::sent, At::answered, At::committed};

void PrintTo(const Row& row, std::ostream* out) { *out << row.kind << ", " << row.around << ", " << row.channel; }

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const size_t from = cell.find_first_not_of(' ');
    if (from != std::string::npos) out.push_back(cell.substr(from, cell.find_last_not_of(' ') - from + 1));
  }
  return out;
}

std::vector<Row> rows() {
  std::vector<Row> out;
  std::ifstream in(std::string(CW_SOURCE_DIR) + "/docs/RELIABILITY.md");
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with('|')) {
      inside = false;
      continue;
    }
    const std::vector<std::string> cells = cells_of(line);
    if (cells == kColumns) {
      inside = true;
    } else if (inside && cells.size() == kColumns.size() && !cells[0].starts_with("---")) {
      out.push_back({cells[0], cells[1], cells[2], {cells.begin() + 3, cells.end()}});
    }
  }
  return out;
}

constexpr const char* kWait = "a wait";

std::string name_of_row(const testing::TestParamInfo<Row>& info) {
  std::string out;
  for (const char c : info.param.kind + "_" + info.param.around + "_" + info.param.channel) {
    out += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  return out;
}

long count_of_resets(const std::vector<Seen>& seen) {
  return std::count_if(seen.begin(), seen.end(), [](const Seen& one) { return one.command.empty(); });
}

class KillMatrix : public testing::TestWithParam<Row> {};

/// What a run that was killed came to, in the words of the legend.
/// `begun`: attempts before.
std::string outcome(const Bench& bench, const Bench::End& end, unsigned begun, size_t seen_before) {
  if (!end.error.empty()) return end.error;
  const std::vector<Seen> seen = bench.host->seen();
  const bool reset = seen.size() > seen_before && seen[seen_before].command.empty();
  if (begun == 1 && end.attempts == 1) return "goes on";
  if (begun == 0 && end.attempts == 1 && reset) return "begins";
  return begun == 1 && end.attempts == 2 && reset ? "again" : "attempt " + std::to_string(end.attempts);
}

TEST_P(KillMatrix, a_run_killed_there_comes_to_what_the_table_says) {
  const Row& row = GetParam();
  const bool wait = row.kind == kWait;
  const Kind* kind = kind_named(wait ? "wrapped GET STATUS" : row.kind);
  ASSERT_NE(kind, nullptr) << "no such kind of command";
  Bench bench;
  bench.secrets = {{"pin", "123456"}};
  bench.budgets = true;
  const std::string before = card_before(bench, *kind);
  const std::string flow = flow_of(bench, *kind, row.around == "waits" ? Around::waits : Around::commands);

  bench.put_in(before);
  const Bench::End whole = bench.run(flow, kSettings);
  ASSERT_EQ(whole.error, "");
  const std::string memory = memory_of(*bench.card);
  const int number = exchange_of(bench, *kind, whole.id);

  for (size_t i = 0; i < kPoints.size(); ++i) {
    if (row.outcomes[i] == "-") continue;
    SCOPED_TRACE(kColumns[i + 3]);
    KillPoint kill{kPoints[i], number, kind->apdu};
    // A wait is written down once, and is over when what follows begins.
    if (wait && i == 0) kill.at = At::before_wait;
    if (wait && i == 1) kill.at = At::committed;
    if (wait && i == 4) kill = {At::before_intent, number + 1};
    bench.put_in(before);
    const Bench::End killed = bench.run(flow, kSettings, kill);
    ASSERT_TRUE(killed.killed) << killed.error;
    for (const std::string& line : complaints(bench, killed.id, bench.host->seen())) ADD_FAILURE() << line;
    if (row.channel == "dead") bench.host->power_off();

    const unsigned begun = open_journal(*bench.open_store(), killed.id).lines.attempts;
    const std::vector<Seen> seen = bench.host->seen();
    const Bench::End end = bench.resume(killed.id);
    EXPECT_EQ(outcome(bench, end, begun, seen.size()), row.outcomes[i]);
    if (row.outcomes[i] == "goes on" && row.kind != "reset") {
      EXPECT_EQ(count_of_resets(bench.host->seen()), count_of_resets(seen)) << "the channel is the same";
    }
    EXPECT_EQ(memory_of(*bench.card), memory) << "the card is as after a run that was not killed";
    for (const std::string& line : complaints(bench, killed.id, bench.host->seen())) ADD_FAILURE() << line;
    EXPECT_EQ(bench.replay(killed.id), "") << open_journal(*bench.open_store(), killed.id).lines.recorded;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, KillMatrix, testing::ValuesIn(rows()), name_of_row);

TEST(KillTable, HasARowForEachKindOfCommandBetweenWaitsAndBetweenCommandsInAChannelThatIsAliveOrDead) {
  std::vector<std::string> missing;
  const std::vector<Row> all = rows();
  const auto look_for = [&](const std::string& kind, const std::string& around, const std::string& channel) {
    const auto same = [&](const Row& row) {
      return row.kind == kind && row.around == around && row.channel == channel;
    };
    if (std::count_if(all.begin(), all.end(), same) != 1) missing.push_back(kind + ", " + around + ", " + channel);
  };
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) names.push_back(kind.name);
  names.emplace_back(kWait);
  size_t count = 0;
  for (const std::string& name : names) {
    const bool first = name == kinds().front().name;
    for (const char* channel : {"alive", "dead"}) {
      for (const char* around : {"waits", "commands"}) {
        if ((first || name == kWait) && around == std::string(first ? "waits" : "commands")) continue;
        look_for(name, around, channel);
        ++count;
      }
    }
  }
  EXPECT_EQ(missing, std::vector<std::string>());
  EXPECT_EQ(all.size(), count) << "a row twice, or one that nobody tries";
  for (const Row& row : all) {
    for (size_t i = 0; i < row.outcomes.size(); ++i) {
      const bool nothing_sent = row.kind == kWait && (i == 2 || i == 3);
      EXPECT_EQ(row.outcomes[i] == "-", nothing_sent) << row.kind;
    }
  }
}

}  // namespace
}  // namespace cw::journal
