#include <iostream>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/bundle_source.h"
#include "app/interrupt.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/store_place.h"
#include "app/table.h"
#include "base/error.h"
#include "cmd_bundle_private.h"
#include "journal/replay_run.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::string bundle{};
  std::string since = "7d";
  std::string flow{};
  bool json = false;
};

/// What a flow would have done that it did not: the first thing of it.
using Change = std::pair<std::string, std::string>;

struct Tried {
  int64_t runs = 0;
  std::map<Change, std::vector<std::string>> changes{};          // ids of runs
  std::vector<std::pair<std::string, std::string>> not_tried{};  // id, and why
};

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

Tried try_all(const Options& options, store::Store& store, const engine::Bundle& bundle) {
  const int64_t from = now_ms() - parse_age(options.since);
  const Interrupt interrupt;
  store::RunFilter filter;
  filter.flow = options.flow;
  Tried tried;
  for (const store::RunRow& row : store.runs().list(filter)) {
    if (row.created < from) break;  // the newest come first
    if (interrupt.requested()) throw Error(ErrorKind::usage, "stopped by a signal; nothing was changed");
    try {
      const journal::OpenedJournal journal = journal::open_journal(store, row.id);
      const std::string difference =
          difference_of(journal, journal::read_setup(store, journal.head, journal.key), bundle);
      ++tried.runs;
      if (!difference.empty()) tried.changes[{row.flow, difference}].push_back(row.id);
    } catch (const Error& error) {
      tried.not_tried.emplace_back(row.id, error.message());
    }
  }
  return tried;
}

int64_t changed(const Tried& tried) {
  int64_t out = 0;
  for (const auto& change : tried.changes) out += static_cast<int64_t>(change.second.size());
  return out;
}

ordered_json json_of(const Tried& tried, const engine::Bundle& bundle) {
  ordered_json changes = ordered_json::array();
  for (const auto& [change, runs] : tried.changes) {
    changes.push_back({{"flow", change.first}, {"difference", change.second}, {"runs", runs}});
  }
  ordered_json not_tried = ordered_json::array();
  for (const auto& [id, why] : tried.not_tried) not_tried.push_back({{"run", id}, {"because", why}});
  return {{"bundle", bundle.hash()},
          {"runs", tried.runs},
          {"changed", changed(tried)},
          {"changes", changes},
          {"not_tried", not_tried}};
}

ExitStatus shadow(const Options& options) {
  const auto opened = options.place.open_to_read();
  const auto bundle = bundle_named(options.bundle, [&] { return opened; });
  const Tried tried = try_all(options, *opened, *bundle);
  if (options.json) {
    print_json(json_of(tried, *bundle));
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"runs", "flow", "difference", "for example"};
  for (const auto& [change, runs] : tried.changes) {
    table.rows.push_back({std::to_string(runs.size()), change.first, change.second, runs.front()});
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  std::cout << "with bundle " << bundle->hash().substr(0, 12) << ": " << changed(tried) << " of " << tried.runs
            << (tried.runs == 1 ? " run" : " runs") << " of the last " << printable(options.since)
            << " would have gone another way";
  if (!tried.not_tried.empty()) {
    std::cout << "; " << tried.not_tried.size() << " could not be tried, such as " << tried.not_tried[0].first << ": "
              << printable(tried.not_tried[0].second);
  }
  std::cout << std::endl;
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
  command->add_option("--since", options->since, "runs that began so long ago or later: 90d, 12h, 30m")
      ->capture_default_str()
      ->type_name("AGE");
  command->add_option("--flow", options->flow, "of these flows alone; * is any run of characters")
      ->type_name("PATTERN");
  command->add_flag("--json", options->json, "one JSON object");
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
