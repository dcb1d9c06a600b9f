#include <iostream>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/interrupt.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/table.h"
#include "base/error.h"
#include "cmd_policy_private.h"
#include "journal/replay_run.h"
#include "journal/shadow.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::string policy{};
  std::string since = "7d";
  std::string flow{};
  bool json = false;
};

/// One kind of decision that would be another one.
struct Change {
  std::string flow{};
  std::string request{};  // the command's name, or what else was asked for
  bool denied = false;    // now; else it was refused and would be allowed
  std::string because{};
  bool operator<(const Change& other) const {
    return std::tie(flow, request, denied, because) < std::tie(other.flow, other.request, other.denied, other.because);
  }
};

struct Tried {
  int64_t runs = 0;
  int64_t changed = 0;
  std::map<Change, std::vector<std::string>> changes{};          // ids of runs
  std::vector<std::pair<std::string, std::string>> not_tried{};  // id, and why
};

/// `why_not`: it cannot be played again.
std::vector<journal::Verdict> verdicts_of(store::Store& store, const std::string& id,
                                          const std::shared_ptr<const engine::Policy>& policy, std::string& why_not) {
  const journal::OpenedJournal journal = journal::open_journal(store, id);
  engine::RunSetup setup = journal::read_setup(store, journal.head, journal.key);
  journal::Shadow judge(policy, engine::check_flow(*setup.bundle, setup.flow_name), setup);
  journal::ReplayOptions replaying;
  replaying.around = [&](std::unique_ptr<engine::RunOutside> inner) { return judge.around(std::move(inner)); };
  const bool not_begun = journal.lines.attempts == 0 && journal.row.error == name_of(ErrorKind::policy);
  const journal::Replayed replayed = journal::replay_run(journal, std::move(setup), replaying);
  if (replayed.difference) why_not = replayed.difference->message();
  std::vector<journal::Verdict> all = judge.verdicts();
  all.at(0).was_refused = not_begun;  // its flow, by the run's own policy
  return all;
}

/// The first decision that changes: what comes after it would have been another run.
void add_first_change(Tried& tried, const store::RunRow& row, const std::vector<journal::Verdict>& verdicts) {
  for (const journal::Verdict& verdict : verdicts) {
    if (!verdict.is_changed()) continue;
    ++tried.changed;
    const bool denied = verdict.is == journal::Verdict::Is::denied;
    tried.changes[{row.flow, verdict.command.empty() ? verdict.request : verdict.command, denied, verdict.because}]
        .push_back(row.id);
    return;
  }
}

Tried try_all(const Options& options, store::Store& store, const std::shared_ptr<const engine::Policy>& policy) {
  const int64_t from = now_ms() - parse_age(options.since);
  const Interrupt interrupt;
  store::RunFilter filter;
  filter.flow = options.flow;
  Tried tried;
  for (const store::RunRow& row : store.runs().list(filter)) {
    if (row.created < from) break;  // the newest come first
    if (interrupt.requested()) throw Error(ErrorKind::usage, "stopped by a signal; nothing was changed");
    std::string why_not;
    try {
      const std::vector<journal::Verdict> verdicts = verdicts_of(store, row.id, policy, why_not);
      if (why_not.empty()) {
        ++tried.runs;
        add_first_change(tried, row, verdicts);
      }
    } catch (const Error& error) {
      why_not = error.message();
    }
    if (!why_not.empty()) tried.not_tried.emplace_back(row.id, why_not);
  }
  return tried;
}

ordered_json json_of(const Tried& tried, const engine::Policy& policy) {
  ordered_json changes = ordered_json::array();
  for (const auto& [change, runs] : tried.changes) {
    changes.push_back({{"flow", change.flow},
                       {"request", change.request},
                       {"becomes", change.denied ? "denied" : "allowed"},
                       {"because", change.because},
                       {"runs", runs}});
  }
  ordered_json not_tried = ordered_json::array();
  for (const auto& [id, why] : tried.not_tried) not_tried.push_back({{"run", id}, {"because", why}});
  return {{"policy", policy.hash()},
          {"runs", tried.runs},
          {"changed", tried.changed},
          {"changes", changes},
          {"not_tried", not_tried}};
}

ExitStatus shadow(const Options& options) {
  const auto opened = options.place.open_to_read();
  const auto bundle = load_bundle();
  const auto policy = policy_named(
      options.policy, [&] { return opened; }, *bundle);
  const Tried tried = try_all(options, *opened, policy);
  if (options.json) {
    print_json(json_of(tried, *policy));
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"runs", "flow", "what", "becomes", "because", "for example"};
  for (const auto& [change, runs] : tried.changes) {
    table.rows.push_back({std::to_string(runs.size()), change.flow, change.request,
                          change.denied ? "denied" : "allowed", change.because, runs.front()});
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  std::cout << printable("under policy " + policy->name()) << ": " << tried.changed << " of " << tried.runs
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

void add_policy_shadow(CLI::App& policy, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = policy.add_subcommand("shadow", "Try a policy on the runs that have been: which would change");
  options->place.add_to(*command);
  command->add_option("POLICY", options->policy, "a file, or a version in the store")->required()->type_name("");
  command->add_option("--since", options->since, "runs that began so long ago or later: 90d, 12h, 30m")
      ->capture_default_str()
      ->type_name("AGE");
  command->add_option("--flow", options->flow, "of these flows alone; * is any run of characters")
      ->type_name("PATTERN");
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(
      "Each run is played again from its journal, without a card, and the first decision that would change is "
      "counted.\n"
      "\n"
      "Examples:\n"
      "  cardwright policy shadow strict.lua --since 30d\n"
      "  cardwright policy shadow strict --flow 'demo/*' --json");
  command->callback([options, &action] { action = [options] { return shadow(*options); }; });
}

}  // namespace cw::app
