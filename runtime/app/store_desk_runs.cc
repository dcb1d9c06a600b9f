#include <optional>
#include <sstream>

#include "app/device_runs.h"
#include "app/lost_keys.h"
#include "app/moment.h"
#include "app/store_desk.h"
#include "app/trace.h"
#include "journal/replay_run.h"
#include "journal/store_journal.h"

namespace cw::app {

using service::kConflict;
using service::kNotThere;

namespace {

using Json = StoreDesk::Json;

constexpr int64_t kRuns = 50;  // where nobody says how many

Json json_of(const store::RunRow& row) {
  return {{"id", row.id},
          {"state", store::name_of(row.state)},
          {"flow", row.flow},
          {"card", row.card},
          {"card_id", row.card_id},
          {"flavor", row.flavor},
          {"bundle", row.bundle},
          {"policy", row.policy},
          {"policy_hash", row.policy_hash},
          {"owner", row.owner},
          {"owner_policy", row.owner_policy},
          {"owner_policy_hash", row.owner_policy_hash},
          {"node", row.node},
          {"created", row.created},
          {"changed", row.changed},
          {"wake", row.wake},
          {"attempts", row.attempts},
          {"frames", row.frames},
          {"error", row.error},
          {"stop_asked", row.stop_asked},
          {"held", row.held}};
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
      return "stopped; the audit says by whom";
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

/// The step that came to its end last, in the attempt of now; empty: none did. It is in the journal alone.
std::string last_step(store::Store& store, const std::string& run) {
  const journal::JournalLines lines = journal::open_journal(store, run).lines;
  constexpr std::string_view kStep = "\nstep \"";
  const size_t at = lines.recorded.rfind(kStep);
  if (at == std::string::npos || at < lines.attempt_at) return {};
  const size_t begin = at + kStep.size();
  return lines.recorded.substr(begin, lines.recorded.find_last_of('"', lines.recorded.find('\n', begin)) - begin);
}

store::RunRow find(store::Store& store, const service::OperatorCommand& command) {
  store::RunRow out;
  with_cause(kNotThere, [&] { out = store.runs().find(command.word("run"), whose(command)); });
  return out;
}

}  // namespace

/// "all" in place of a limit is for a command line, whose output goes to a file.
Json StoreDesk::run_list(const Command& command) {
  store::RunFilter filter;
  filter.flow = command.word("flow");
  filter.owner = whose(command);
  filter.limit = command.number("limit", kRuns);
  if (const std::string state = command.word("state"); !state.empty()) {
    filter.state = store::run_state_named(state);
    if (!filter.state) {
      throw Error(ErrorKind::usage,
                  "the state is one of running, waiting, stuck, done, failed, stopped, and not '" + state + "'");
    }
  }
  const auto store = open_(Wants::read);
  int64_t steps = command.number("steps", 0);
  Json all = Json::array();
  for (const store::RunRow& row : store->runs().list(filter)) {
    all.push_back(json_of(row));
    all.back()["lost_keys"] = lost_key_lines(*store, row);
    if (steps > 0 && !store::is_over(row.state)) {
      all.back()["step"] = last_step(*store, row.id);
      --steps;
    }
  }
  return {{"runs", all}};
}

/// Played again, so that each command is decoded as it was when it was said.
Json StoreDesk::run_show(const Command& command) {
  const auto store = open_(Wants::read);
  const journal::OpenedJournal journal = journal::open_journal(*store, find(*store, command).id);
  Json out = json_of(journal.row);
  out["meaning"] = end_of(journal);
  std::ostringstream text;
  Story story(text);
  journal::ReplayOptions replaying;
  replaying.observer = &story;
  const journal::Replayed replayed =
      journal::replay_run(journal, journal::read_setup(*store, journal.head, journal.key), replaying);
  story.end(replayed.result.ran_out);
  out["story"] = text.str();
  out["in_doubt"] = journal.lines.in_doubt;
  out["difference"] = replayed.difference ? replayed.difference->message() : "";
  return out;
}

/// Of a run on a card of a device: what waits for an operator goes on when the device calls. One on a card here goes on
/// where that card is.
Json StoreDesk::run_resume(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  store::RunRow row = find(*store, command);
  store->providers().want_managed(row.owner);
  with_cause(kConflict, [&] {
    if (store::is_over(row.state)) {
      throw Error(ErrorKind::usage, "run " + row.id + " is over (" + std::string(store::name_of(row.state)) +
                                        "), so there is nothing to go on with");
    }
    if (row.card != kDeviceCard) {
      throw Error(ErrorKind::usage, "run " + row.id + " is on a card of host " + row.node +
                                        ": cardwright runs resume " + row.id + " goes on with it there");
    }
    if (row.state != store::RunState::stuck) return;
    // Taken up, it gets as many attempts again; and left, it waits for its device.
    journal::StoreJournal::take_up(
        store, row.id, [](std::chrono::milliseconds) { return false; }, who);
    row = store->runs().find(row.id);
  });
  return {{"id", row.id}, {"state", store::name_of(row.state)}};
}

/// A run that a process works on ends at its next boundary, one that nobody holds at once.
Json StoreDesk::run_stop(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  const store::RunRow row = find(*store, command);
  const bool over = store::is_over(row.state);
  bool ended = false;
  if (!over) {
    store->runs().ask_to_stop(row.id);
    ended = journal::StoreJournal::stop_if_free(store, row.id, who);
  }
  return {{"id", row.id},
          {"state", store::name_of(ended ? store::RunState::stopped : row.state)},
          {"over", over},
          {"stopped", ended}};
}

}  // namespace cw::app
