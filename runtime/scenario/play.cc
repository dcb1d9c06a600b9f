#include "scenario/play.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/files.h"
#include "scenario/capabilities.h"
#include "scenario/stage.h"

namespace cw::scenario {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Status = report::Case::Status;
using Kind = report::Event::Kind;

report::Case case_of(const Scenario& scenario, const Supply& supply, const std::string& flavor) {
  report::Case out;
  out.name = scenario.name;
  out.summary = scenario.summary;
  out.file = scenario.file;
  out.flavor = flavor;
  out.card = supply.name(flavor);
  out.tags = scenario.tags;
  return out;
}

/// Why the scenario is not played here; empty: it is.
std::optional<std::string> unfit(const Scenario& scenario, const Supply& supply, const se::Flavor& flavor) {
  if (!scenario.card_state.empty() && !supply.simulated()) {
    return "begins with the memory of a simulated card, and this one is elsewhere";
  }
  return missing(scenario.needs_card, supply, flavor);
}

std::optional<std::string> missing_keys(const Scenario& scenario, const crypto::KeyStore& keys) {
  const std::vector<std::string> names = keys.names();
  for (const std::string& name : scenario.needs_keys) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return "needs the key set '" + name + "', and the key store has none of that name; --keys names another";
    }
  }
  return {};
}

/// "file:12" of the innermost line of the scenario in a stack trace.
std::string place_in(const std::string& traceback, const std::string& file) {
  const size_t at = traceback.find(file + ":");
  if (at == std::string::npos) return file;
  const size_t end = traceback.find_first_not_of("0123456789", at + file.size() + 1);
  return traceback.substr(at, end - at);
}

/// The message without the place that it begins with.
std::string without_place(const std::string& message, const std::string& file) {
  if (!message.starts_with(file + ":")) return message;
  const size_t end = message.find(": ", file.size() + 1);
  return end == std::string::npos ? message : message.substr(end + 2);
}

/// What may explain it: the command that was refused last, or a fault that happened in the flow that ran last.
std::string likely(const std::vector<report::Event>& events) {
  bool last_command = true;
  for (auto event = events.rbegin(); event != events.rend() && event->kind != Kind::run; ++event) {
    if (event->kind == Kind::fault) return "the fault that was armed: " + event->text;
    if (event->kind != Kind::command) continue;
    if (last_command && event->sw && *event->sw >= 0x6400 && *event->sw != 0x9000) {
      return event->name + " was answered with " + event->sw_text;
    }
    last_command = false;
  }
  return {};
}

/// The last command, or what else happened last.
std::optional<size_t> last_point(const std::vector<report::Event>& events) {
  for (size_t i = events.size(); i > 0; --i) {
    if (events[i - 1].kind == Kind::command) return i - 1;
  }
  if (events.empty()) return {};
  return events.size() - 1;
}

report::Failure failure_of(const engine::RunResult& result, const Stage& stage, const Scenario& scenario,
                           const std::vector<report::Event>& events) {
  report::Failure failure = stage.failure().value_or(report::Failure{});
  const std::string message = without_place(result.error->message(), scenario.file);
  // An expectation that was caught by the scenario itself is not what failed.
  if (failure.message.empty() || message.find(failure.message) == std::string::npos) failure = {};
  failure.message = message;
  failure.where = place_in(result.error->message() + "\n" + result.traceback, scenario.file);
  if (failure.likely.empty()) failure.likely = likely(events);
  failure.at = last_point(events);
  return failure;
}

/// Whether the recording has the scenario itself. One that was made of a flow alone has not.
bool is_next(const std::shared_ptr<engine::Replay>& replay, const std::string& flow) {
  return replay && replay->next() != nullptr && replay->next()->head.flow == flow;
}

/// Where only the flows of a scenario are recorded, it has no card of its own to use keys on.
std::shared_ptr<const engine::Flow> without_keys(const engine::Flow& flow) {
  auto out = std::make_shared<engine::Flow>(flow);
  out->needs_keys.clear();
  return out;
}

/// A card with the memory that the scenario begins with. Raises usage, reader.
std::unique_ptr<PlayedCard> take_card(const Production& production, const Scenario& scenario, Supply& supply,
                                      const std::string& flavor) {
  if (scenario.card_state.empty()) return supply.card(flavor, {}, production.seed);
  const fs::path file = fs::path(scenario.file).parent_path() / scenario.card_state;
  const std::string memory = to_string(read_file(file));
  try {
    return supply.card(flavor, memory, production.seed);
  } catch (const Error& error) {
    throw error.within("given.card " + file.generic_string());
  }
}

void perform(const Production& production, const Scenario& scenario, Supply& supply, const std::string& flavor,
             report::Case& out) {
  const std::unique_ptr<PlayedCard> card = take_card(production, scenario, supply, flavor);
  // A recording knows what was asked of keys, and needs none.
  if (const auto why = card->replay ? std::nullopt : missing_keys(scenario, *card->keys)) {
    out.status = Status::skipped;
    out.reason = *why;
    return;
  }
  const auto chip = card->chip();
  Witness witness;
  FaultyReader reader(card->reader(), chip.get(),
                      [&witness](const std::string& text) { witness.add(Kind::fault, text); });
  Bounds bounds;
  bounds.seconds = scenario.seconds;
  bounds.deadline = Clock::now() + std::chrono::seconds(scenario.seconds);
  bounds.stop = production.stop;
  bounds.sleeps = chip == nullptr;

  std::shared_ptr<const engine::Flow> flow = scenario.as_flow();
  const bool recorded = is_next(card->replay, flow->name);
  if (card->replay && !recorded) flow = without_keys(*flow);
  Scenery scenery{production.bundle, production.policy, production.seed, production.recorder,
                  /*plays_backends=*/!card->replay || recorded};
  if (!scenario.policy.empty()) {
    scenery.policy = engine::Policy::load(fs::path(scenario.file).parent_path() / scenario.policy, *production.bundle);
  }
  Stage stage(scenario, scenery, *card, reader, witness, bounds);

  engine::RunSetup setup;
  setup.bundle = production.bundle;
  setup.flow_name = scenario.file;
  setup.flow = flow;
  setup.scenario = true;
  setup.policy = production.policy;
  put_on(setup, *card, reader);
  setup.observer = &witness;
  setup.director = [&stage](const host::Direction& direction) { return stage.direct(direction); };
  setup.inputs = engine::Inputs::repeatable(production.seed);
  setup.attempts = 1;
  setup.recorder = production.recorder;
  if (recorded) setup.replay = card->replay;
  engine::Run run(std::move(setup));
  drive(run, bounds, /*backends_pause=*/false);

  const engine::RunResult& result = run.result();
  out.matrices = stage.take_matrices();
  if (result.error) {
    out.status = Status::failed;
    out.failure = failure_of(result, stage, scenario, witness.events());
  } else if (const auto pending = reader.pending(); !pending.empty()) {
    out.status = Status::failed;
    report::Failure failure;
    failure.message = "the fault '" + pending.front().text() + "' never happened";
    failure.likely = "no such command came after it was armed; clear faults that are not wanted with t:clear_faults()";
    failure.where = scenario.file;
    out.failure = std::move(failure);
  }
  if (production.keep_events || out.status == Status::failed) out.events = witness.take();
}

}  // namespace

report::Case play(const Production& production, const Scenario& scenario, Supply& supply, const std::string& flavor) {
  report::Case out = case_of(scenario, supply, flavor);
  const auto begin = Clock::now();
  try {
    if (const auto why = unfit(scenario, supply, se::flavor(flavor))) {
      out.status = Status::skipped;
      out.reason = *why;
    } else {
      perform(production, scenario, supply, flavor, out);
    }
  } catch (const Error& error) {
    out.status = Status::failed;
    out.failure = report::Failure{.message = error.message(), .where = scenario.file};
  }
  out.time = Clock::now() - begin;
  return out;
}

report::Case broken(const std::string& file, const Error& error) {
  report::Case out;
  out.name = fs::path(file).stem().string();
  out.file = file;
  out.status = Status::failed;
  out.failure =
      report::Failure{.message = without_place(error.message(), file), .where = place_in(error.message(), file)};
  return out;
}

}  // namespace cw::scenario
