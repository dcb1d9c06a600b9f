#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/failure.h"
#include "app/moment.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "app/trace.h"
#include "cmd_runs_private.h"
#include "journal/replay_run.h"

namespace cw::app {

namespace {

struct Options {
  StorePlace place{};
  std::string id{};
  bool raw = false;
};

void fact(const std::string& name, const std::string& value) {
  if (!value.empty()) std::cout << "  " << name << std::string(12 - name.size(), ' ') << printable(value) << '\n';
}

/// What has to happen for the run to go on, or how it ended.
std::string end_of(const journal::OpenedJournal& journal) {
  const store::RunRow& row = journal.row;
  switch (row.state) {
    case store::RunState::running:
      if (row.held) return "a process works on it, or died while it did: cardwright runs resume " + row.id;
      return "nobody works on it: cardwright runs resume " + row.id;
    case store::RunState::waiting:
      return row.wake > 0 ? "waits until " + utc_text(row.wake) : "waits for an event";
    case store::RunState::stuck:
      return "its attempts are used up, and it waits for an operator: cardwright runs resume " + row.id;
    case store::RunState::done:
      return "the flow came to its end";
    case store::RunState::failed:
      return "ended with a " + row.error + " error";
    case store::RunState::stopped:
      if (row.error.empty()) return "it was imported while it was not over, and nobody goes on with it here";
      return "stopped by an operator";
  }
  return {};
}

/// The last attempt of a journal that ends before the run does has not failed: the story ends there.
class Story : public Trace {
 public:
  explicit Story(std::ostream& out) : Trace(out, {.times = false}) {}

  void attempt_failed(const Error& error, bool again) override {
    if (again) {
      Trace::attempt_failed(error, true);
    } else {
      last_ = error;
    }
  }
  void end(bool ran_out) {
    if (last_ && !ran_out) Trace::attempt_failed(*last_, false);
  }

 private:
  std::optional<Error> last_{};
};

ExitStatus show(const Options& options) {
  const auto opened = options.place.open_to_read();
  const journal::OpenedJournal journal = journal::open_journal(*opened, options.id);
  const store::RunRow& row = journal.row;
  if (options.raw) {
    std::cout << journal.lines.recorded;
    for (const std::string& request : journal.lines.in_doubt) std::cout << "next " << request << '\n';
    std::cout << std::flush;
    return ExitStatus::ok;
  }
  std::cout << "run " << row.id << '\n';
  fact("flow", row.flow);
  fact("card", row.card + (row.card_id.empty() ? "" : ", " + row.card_id));
  fact("flavor", row.flavor);
  fact("policy", row.policy + " " + row.policy_hash.substr(0, 16));
  fact("bundle", row.bundle.substr(0, 16));
  fact("node", row.node);
  fact("begun", utc_text(row.created));
  fact("changed", utc_text(row.changed));
  fact("attempts", std::to_string(row.attempts));
  fact("state", std::string(store::name_of(row.state)) + ": " + end_of(journal));
  std::cout << '\n';
  // Played again, so that each command is decoded as it was when it was said.
  Story story(std::cout);
  journal::ReplayOptions replaying;
  replaying.observer = &story;
  const journal::Replayed replayed =
      journal::replay_run(journal, journal::read_setup(*opened, journal.head, journal.key), replaying);
  story.end(replayed.result.ran_out);
  for (const std::string& request : journal.lines.in_doubt) {
    std::cout << "in doubt, since no answer is known: " << printable(request) << '\n';
  }
  if (replayed.difference) {
    std::cout << "the rest cannot be shown as a story: " << printable(replayed.difference->message())
              << "; see the lines with --raw\n";
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
