#include "app/session.h"

#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include "app/backends.h"
#include "app/durable_run.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/observers.h"
#include "app/paths.h"
#include "app/policy_source.h"
#include "app/recorded_card.h"
#include "app/whole_number.h"
#include "engine/scheduler.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

/// "_tools/send" is what `cardwright send` runs.
std::string command_of(const std::string& flow) { return flow.substr(flow.rfind('/') + 1); }

std::optional<std::string> absolute_text(const std::optional<fs::path>& path) {
  if (!path) return {};
  return fs::absolute(*path).string();
}

}  // namespace

void SessionOptions::add_to(CLI::App& command) {
  command
      .add_option("--card", card, "the card: sim, sim:FLAVOR, pcsc:READER by name, part of it or index, recorded:FILE")
      ->required()
      ->type_name("CARD");
  command.add_option("--flavor", flavor, "what product the card in a reader is (default: generic)")
      ->type_name("FLAVOR");
  command.add_flag("--card-shared", card_shared, "other programs may use the card in the reader between two commands");
  command.add_option("--card-state", card_state, "file with the simulated card's memory: read if there, written after")
      ->type_name("FILE");
  command.add_option("--keys", keys, "key store (default: $CARDWRIGHT_KEYS; for sim: built-in test keys)")
      ->type_name("FILE");
  command
      .add_option("--policy", policy,
                  "the rules to run under (default: the version in use on the store, else policies/default.lua)")
      ->type_name("FILE");
  command.add_option("--trace", trace, "write the decoded APDU trace, secrets left out; - is standard error")
      ->type_name("FILE");
  command.add_option("--seed", seed, "repeatable run: fixed clock, random numbers from N")
      ->check(WholeNumber())
      ->type_name("N");
}

void SessionOptions::add_recording_to(CLI::App& command) {
  CLI::Option* file = command
                          .add_option("--record", record,
                                      "write a recording, to be replayed with --card recorded:FILE; secrets and "
                                      "answers of applets left out")
                          ->type_name("FILE");
  command.add_flag("--record-answers", record_answers, "leave no answer out of the recording: it is not safe to share")
      ->needs(file);
}

void SessionOptions::add_bundle_to(CLI::App& command) {
  command
      .add_option("--bundle", bundle,
                  "the scripts to run: a folder with stdlib and scripts, a .bundle file, or a version in the store "
                  "(default: the one in use on the store, else the program's own)")
      ->type_name("BUNDLE");
  command.add_option("--owner", owner, "whose run it is: an issuer or provider (default: the operator's own)")
      ->type_name("NAME");
  command.add_option("--require-signed", signers, "run no bundle that no signer of these CAs has signed")
      ->allow_extra_args(false)
      ->type_name("CA");
}

Session::Session(const SessionOptions& options)
    : seed_(options.seed),
      card_(CardName::parse(options.card), {options.card_state, options.seed, options.flavor, options.card_shared}),
      keys_(
          open_keys(options.keys, std::getenv("CARDWRIGHT_KEYS"), card_.simulated() ? &card_.host_flavor() : nullptr)) {
  if (card_.replay()) keys_.none = false;  // what a run wants to know of its keys is recorded
  if (options.trace && *options.trace == "-") {
    trace_.emplace(std::cerr);
  } else if (options.trace) {
    trace_file_.emplace(*options.trace, "trace");
    trace_.emplace(trace_file_->out());
  }
  const bool wants_store = options.keeps != SessionOptions::Keeps::nothing && !card_.replay();
  if (wants_store) store_ = options.store.open_for(card_.simulated() != nullptr);
  const bool keeps = options.keeps == SessionOptions::Keeps::runs;
  signers_ = options.signers;
  owner_ = options.owner;
  if (!owner_.empty() && !store_) {
    throw Error(ErrorKind::usage,
                "--owner " + owner_ + ": owners are in a store, and there is none; name it with --store");
  }
  under_ = choose_bundle(
      options.bundle, keeps ? store_ : nullptr, [&] { return options.store.open_to_read(); }, options.signers,
      options.owner);
  const bool only_looks = !store_ && !card_.replay() && !options.policy;
  const auto beside = only_looks ? options.store.open_if_there(card_.simulated() != nullptr) : store_;
  PolicyChoice choice = choose_policy(options.policy, beside.get(), *under_.bundle);
  policy_ = std::move(choice.policy);
  policy_is_ = choice.is;
  keeps_runs_ = keeps;
  std::optional<std::string> keys;
  if (options.keys) keys = key_place_text(*options.keys);
  origin_ = {options.card, options.flavor, keys, absolute_text(options.card_state), options.card_shared, options.seed};
  if (!options.record) return;
  refuse_to_record_over(options.card, *options.record);
  record_ = Record{*options.record, options.record_answers};
}

std::string Session::use_flow(const std::string& name_or_file) {
  if (!is_flow_file(name_or_file)) return name_or_file;
  want_in_bundle(signers_, name_or_file);
  under_.bundle = under_.bundle->with_file(name_or_file);
  return fs::path(name_or_file).generic_string();
}

engine::Inputs Session::inputs() const { return seed_ ? engine::Inputs::repeatable(*seed_) : engine::Inputs::real(); }

void Session::check_trace() const {
  if (trace_file_) trace_file_->check();
  if (recording_) recording_->check();
}

void Session::announce_keys() {
  if (!keys_.built_in || announced_) return;
  announced_ = true;
  std::string names;
  for (const std::string& name : keys_.store->names()) names += (names.empty() ? "" : ", ") + name;
  std::cerr << "cardwright: no --keys: using the published test keys for the simulated card (" << names << ")\n";
}

CountedRun* Session::counted(const std::string& command) {
  if (!store_ || keeps_runs_) return nullptr;
  if (!counted_) counted_.emplace(store_, command, card_.reader().name(), *policy_);
  return &*counted_;
}

Session::Outcome Session::run(const std::string& flow, engine::Arguments arguments, engine::Observer& observer,
                              const std::function<void(const std::string& id)>& kept) {
  Observers all;
  all.add(&observer);
  all.add(trace());

  engine::RunSetup setup;
  setup.bundle = under_.bundle;
  setup.flow_name = flow;
  setup.policy = policy_;
  setup.owner = owner_;
  setup.arguments = std::move(arguments);
  setup.keys = keys_.store;
  setup.reader = &card_.reader();
  setup.flavor = card_.flavor();
  setup.traits = card_.traits();
  setup.card_counter = card_.counter();
  setup.observer = &all;
  setup.http = Backends::configured().transport();
  setup.inputs = inputs();
  // Not before: what is refused by now has not emptied a recording that was there.
  if (record_ && !recording_) recording_.emplace(record_->file, record_->all_answers);
  setup.recorder = recording_ ? &recording_->recorder() : nullptr;
  setup.replay = card_.replay();
  const engine::RecordedRun* recorded = card_.replay() ? card_.replay()->next() : nullptr;
  if (recorded != nullptr) warn_of_changes(*recorded, *under_.bundle, *policy_);

  std::optional<DurableRun> durable;
  if (CountedRun* counting = counted(command_of(flow))) counting->join(setup);
  if (store_ && keeps_runs_) {
    durable.emplace(store_, setup, origin_, journal::RunAhead{{}, {}, policy_is_, {}}, under_.follows);
    policy_ = setup.policy;
    under_.bundle = setup.bundle;
    durable->join(setup);
    if (kept) kept(durable->id());
  }
  const Interrupt interrupt;
  engine::Scheduler scheduler;
  std::unique_ptr<engine::Run> made;
  const auto refused = failure_of([&] { made = std::make_unique<engine::Run>(std::move(setup)); });
  if (refused && durable) durable->refused(*refused);
  if (refused) throw *refused;
  const size_t number = scheduler.add(std::move(made));
  scheduler.run_all(&interrupt.requested());
  Outcome outcome{scheduler.at(number).result()};
  if (durable) {
    outcome.id = durable->id();
    if (durable->stopped()) outcome.result.can_resume = false;
  }
  // A run that came to its end before it saw the signal was not interrupted.
  outcome.interrupted = interrupt.requested() && outcome.result.error.has_value();
  if (recorded != nullptr && !outcome.result.error) warn_of_the_rest(*recorded, *card_.replay());
  return outcome;
}

}  // namespace cw::app
