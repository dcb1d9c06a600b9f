#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/terminal.h"
#include "base/error.h"
#include "cmd_runs_private.h"
#include "journal/replay_run.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  DeskPlace place{};
  std::string id{};
  bool raw = false;
};

void fact(const std::string& name, const std::string& value) {
  if (!value.empty()) std::cout << "  " << name << std::string(12 - name.size(), ' ') << printable(value) << '\n';
}

/// The journal's lines as they are: not a service's to give away.
ExitStatus show_raw(const Options& options) {
  if (options.place.is_remote()) {
    throw Error(ErrorKind::usage,
                "--raw shows every answer of the card, which no service gives away; "
                "use it where the store is");
  }
  const auto opened = options.place.store.open_to_read();
  const journal::OpenedJournal journal = journal::open_journal(*opened, options.id);
  std::cout << journal.lines.recorded;
  for (const std::string& request : journal.lines.in_doubt) std::cout << "next " << request << '\n';
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  if (options.raw) return show_raw(options);
  const ordered_json run = options.place.answer({service::Ask::run_show, {{"run", options.id}}, {}});
  const std::string card_id = text_in(run, "card_id");
  std::cout << "run " << text_in(run, "id") << '\n';
  fact("flow", text_in(run, "flow"));
  fact("card", text_in(run, "card") + (card_id.empty() ? "" : ", " + card_id));
  fact("flavor", text_in(run, "flavor"));
  fact("policy", text_in(run, "policy") + " " + text_in(run, "policy_hash").substr(0, 16));
  if (const std::string owner = text_in(run, "owner"); !owner.empty()) {
    const std::string policy = text_in(run, "owner_policy");
    fact("owner", owner);
    fact("its policy", policy.empty() ? "none" : policy + " " + text_in(run, "owner_policy_hash").substr(0, 16));
  }
  fact("bundle", text_in(run, "bundle").substr(0, 16));
  fact("node", text_in(run, "node"));
  fact("begun", utc_text(run.at("created").get<int64_t>()));
  fact("changed", utc_text(run.at("changed").get<int64_t>()));
  fact("attempts", std::to_string(run.at("attempts").get<int64_t>()));
  fact("state", text_in(run, "state") + ": " + text_in(run, "meaning"));
  std::cout << '\n' << text_in(run, "story");
  for (const ordered_json& request : run.at("in_doubt")) {
    std::cout << "in doubt, since no answer is known: " << printable(request.get<std::string>()) << '\n';
  }
  if (const std::string difference = text_in(run, "difference"); !difference.empty()) {
    std::cout << "the rest cannot be shown as a story: " << printable(difference) << "; see the lines with --raw\n";
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

}  // namespace

void add_runs_show(CLI::App& runs, Action& action) {
  CLI::App* command = runs.add_subcommand("show", "What a run was made of, and its story: steps, commands, answers");
  auto options = std::make_shared<Options>();
  options->place.add_to(*command);
  command->add_option("ID", options->id, "the run, or the beginning of its id")->required()->type_name("");
  command->add_flag("--raw", options->raw, "the journal's lines as they are, with every answer: not safe to share");
  command->callback([options, &action] { action = [options] { return show(*options); }; });
}

}  // namespace cw::app
