#include <iostream>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/bundle_source.h"
#include "app/json_text.h"
#include "app/past_runs.h"
#include "app/table.h"
#include "base/error.h"
#include "cmd_bundle_private.h"
#include "journal/replay_run.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options : PastOptions {
  std::string bundle{};
};

/// What a flow would have done that it did not: the first thing of it.
using Change = std::pair<std::string, std::string>;

/// Ids of runs.
using Changes = std::map<Change, std::vector<std::string>>;

/// Empty: the bundle makes the same run.
std::string difference_of(const journal::OpenedJournal& journal, engine::RunSetup setup, const engine::Bundle& bundle) {
  journal::ReplayOptions replaying;
  replaying.bundle = bundle.with_added_of(*setup.bundle);
  try {
    const journal::Replayed replayed = journal::replay_run(journal, std::move(setup), replaying);
    return replayed.difference ? replayed.difference->message() : "";
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::script) throw;
    return "does not begin: " + error.message();
  }
}

ordered_json json_of(const Changes& all) {
  ordered_json out = ordered_json::array();
  for (const auto& [change, runs] : all) {
    out.push_back({{"flow", change.first}, {"difference", change.second}, {"runs", runs}});
  }
  return out;
}

ExitStatus shadow(const Options& options) {
  const auto opened = options.place.open_to_read();
  const auto bundle = bundle_named(
      options.bundle, [&] { return opened; }, options.owner);
  Changes changes;
  Tried tried;
  try_past_runs(options, *opened, tried, [&](const store::RunRow& row) {
    const journal::OpenedJournal journal = journal::open_journal(*opened, row.id);
    const std::string difference =
        difference_of(journal, journal::read_setup(*opened, journal.head, journal.key), *bundle);
    if (!difference.empty()) {
      ++tried.changed;
      changes[{row.flow, difference}].push_back(row.id);
    }
    return std::string();
  });
  if (options.json) {
    print_json({{"bundle", bundle->hash()},
                {"runs", tried.runs},
                {"changed", tried.changed},
                {"changes", json_of(changes)},
                {"not_tried", tried.not_tried_json()}});
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"runs", "flow", "difference", "for example"};
  for (const auto& [change, runs] : changes) {
    table.rows.push_back({std::to_string(runs.size()), change.first, change.second, runs.front()});
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  std::cout << "with bundle " << bundle->hash().substr(0, 12) << tried.summary(options.since) << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_bundle_shadow(CLI::App& bundle, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bundle.add_subcommand("shadow", "Try a bundle on the runs that have been: which would change");
  options->place.add_to(*command);
  command->add_option("BUNDLE", options->bundle, "a folder, a file, or a version in the store")
      ->required()
      ->type_name("");
  options->add_to(*command);
  command->footer(
      "Each run is played again from its journal, without a card, with the scripts of the bundle; the first command "
      "that\n"
      "is another one is what differs. What the card would have answered to that, nobody knows.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle shadow acme-1.4.bundle --since 30d\n"
      "  cardwright bundle shadow acme-1.4 --flow 'acme/*' --json");
  command->callback([options, &action] { action = [options] { return shadow(*options); }; });
}

}  // namespace cw::app
