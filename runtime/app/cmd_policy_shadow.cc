#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/json_text.h"
#include "app/past_runs.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/table.h"
#include "base/error.h"
#include "cmd_policy_private.h"
#include "journal/replay_run.h"
#include "journal/shadow.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options : PastOptions {
  std::string policy{};
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

/// Ids of runs.
using Changes = std::map<Change, std::vector<std::string>>;

/// `why_not`: it cannot be played again.
/// `tried` in the place of the operator's policy that the run was under, or of its owner's (`owners`).
std::vector<journal::Verdict> verdicts_of(store::Store& store, const std::string& id,
                                          const std::shared_ptr<const engine::Policy>& tried, bool owners,
                                          std::string& why_not) {
  const journal::OpenedJournal journal = journal::open_journal(store, id);
  engine::RunSetup setup = journal::read_setup(store, journal.head, journal.key);
  const auto policy = owners ? setup.policy->over(tried, setup.owner) : tried->over(setup.policy->under(), setup.owner);
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
std::optional<Change> first_change(const store::RunRow& row, const std::vector<journal::Verdict>& verdicts) {
  for (const journal::Verdict& verdict : verdicts) {
    if (!verdict.is_changed()) continue;
    const bool denied = verdict.is == journal::Verdict::Is::denied;
    return Change{row.flow, verdict.command.empty() ? verdict.request : verdict.command, denied, verdict.because};
  }
  return {};
}

ordered_json json_of(const Changes& all) {
  ordered_json out = ordered_json::array();
  for (const auto& [change, runs] : all) {
    out.push_back({{"flow", change.flow},
                   {"request", change.request},
                   {"becomes", change.denied ? "denied" : "allowed"},
                   {"because", change.because},
                   {"runs", runs}});
  }
  return out;
}

ExitStatus shadow(const Options& options) {
  const auto opened = options.place.open_to_read();
  const auto bundle = load_bundle();
  const auto policy = policy_named(
      options.policy, [&] { return opened; }, *bundle, options.owner);
  Changes changes;
  Tried tried;
  try_past_runs(options, *opened, tried, [&](const store::RunRow& row) {
    std::string why_not;
    const std::vector<journal::Verdict> verdicts =
        verdicts_of(*opened, row.id, policy, !options.owner.empty(), why_not);
    if (!why_not.empty()) return why_not;
    if (const std::optional<Change> change = first_change(row, verdicts)) {
      ++tried.changed;
      changes[*change].push_back(row.id);
    }
    return why_not;
  });
  if (options.json) {
    print_json({{"policy", policy->hash()},
                {"runs", tried.runs},
                {"changed", tried.changed},
                {"changes", json_of(changes)},
                {"not_tried", tried.not_tried_json()}});
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"runs", "flow", "what", "becomes", "because", "for example"};
  for (const auto& [change, runs] : changes) {
    table.rows.push_back({std::to_string(runs.size()), change.flow, change.request,
                          change.denied ? "denied" : "allowed", change.because, runs.front()});
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  std::cout << printable("under policy " + policy->name()) << tried.summary(options.since) << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_policy_shadow(CLI::App& policy, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = policy.add_subcommand("shadow", "Try a policy on the runs that have been: which would change");
  options->place.add_to(*command);
  command->add_option("POLICY", options->policy, "a file, or a version in the store")->required()->type_name("");
  options->add_to(*command);
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
