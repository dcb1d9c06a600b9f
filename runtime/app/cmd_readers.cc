#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/table.h"
#include "base/error.h"
#include "base/hex.h"
#include "card/pcsc.h"

namespace cw::app {

namespace {

struct Options {
  bool json = false;
  bool watch = false;
};

nlohmann::ordered_json json_of(const card::PcscReaderInfo& reader) {
  return {{"index", reader.index},    {"name", reader.name},     {"present", reader.present},
          {"mute", reader.mute},      {"in_use", reader.in_use}, {"exclusive", reader.exclusive},
          {"atr", to_hex(reader.atr)}};
}

void print_table(const std::vector<card::PcscReaderInfo>& readers) {
  Table table;
  table.columns = {"index", "name", "state", "ATR"};
  for (const card::PcscReaderInfo& reader : readers) {
    table.rows.push_back({std::to_string(reader.index), reader.name, reader.state(), to_hex(reader.atr)});
  }
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
}

void print_change(const card::PcscChange& change, bool json) {
  if (json) {
    nlohmann::ordered_json line = {{"change", change.text()}};
    line.update(json_of(change.reader));
    std::cout << line.dump() << std::endl;
    return;
  }
  std::string line = change.reader.name + ": " + std::string(change.text());
  if (change.what == card::PcscChange::What::state_changed) line += ", " + change.reader.state();
  if (!change.reader.atr.empty() && change.what != card::PcscChange::What::reader_removed) {
    line += ", ATR " + to_hex(change.reader.atr);
  }
  std::cout << printable(line) << std::endl;
}

/// A pipe whose other end was closed tells so before anything is written to it.
bool somebody_reads() {
  struct pollfd output {
    STDOUT_FILENO, 0, 0
  };
  return ::poll(&output, 1, 0) == 0 || (output.revents & POLLERR) == 0;
}

/// Until the program is ended, or nobody reads what it prints. Ctrl-C just ends it: it holds no card.
ExitStatus watch(std::vector<card::PcscReaderInfo> readers, bool json) {
  // pcscd wakes nobody when a program opens or leaves a card; that is seen at the next look.
  constexpr std::chrono::seconds kTurn{1};
  while (std::cout && somebody_reads()) {
    std::vector<card::PcscReaderInfo> now = card::wait_for_pcsc_change(readers, kTurn);
    for (const card::PcscChange& change : card::pcsc_changes(readers, now)) print_change(change, json);
    readers = std::move(now);
  }
  return ExitStatus::ok;
}

ExitStatus list(const Options& options) {
  const std::vector<card::PcscReaderInfo> readers = card::pcsc_readers();
  if (options.watch && options.json) {
    for (const card::PcscReaderInfo& reader : readers) {
      print_change({card::PcscChange::What::reader_added, reader}, true);
    }
  } else if (options.json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const card::PcscReaderInfo& reader : readers) all.push_back(json_of(reader));
    std::cout << all.dump(2) << std::endl;
  } else if (!readers.empty()) {
    print_table(readers);
  }
  if (options.watch) return watch(readers, options.json);
  if (readers.empty()) {
    throw Error(ErrorKind::reader, "there is no reader: pcscd runs and has none; plug one in, and see its driver");
  }
  return ExitStatus::ok;
}

}  // namespace

void add_readers(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("readers", "The readers of pcscd, and what is in them");
  auto options = std::make_shared<Options>();
  command->add_flag("--json", options->json, "one JSON array; with --watch, one object per line");
  command->add_flag("--watch", options->watch, "then a line for each change, until Ctrl-C");
  command->footer(
      "What it prints as index or name, or a part of the name that no other has, goes behind --card pcsc:.\n"
      "\n"
      "Examples:\n"
      "  cardwright readers\n"
      "  cardwright readers --watch\n"
      "  cardwright card info --card pcsc:0");
  command->callback([options, &action] { action = [options] { return list(*options); }; });
}

}  // namespace cw::app
