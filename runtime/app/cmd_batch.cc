#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/backends.h"
#include "app/batch_cards.h"
#include "app/batch_console.h"
#include "app/batch_events.h"
#include "app/batch_keeper.h"
#include "app/commands.h"
#include "app/envelopes.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/paths.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/whole_number.h"
#include "engine/owner_keys.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string flow{};
  BatchCards cards{};
  fs::path data{};
  std::vector<std::string> settings{};
  std::optional<std::string> key{};
  std::optional<fs::path> policy{};
  std::optional<std::string> bundle{};
  std::string owner{};
  Signers signers{};
  std::optional<fs::path> results{};
  std::optional<fs::path> quarantine{};
  StorePlace store{};
  unsigned stop_after = 3;
  std::optional<size_t> limit{};
  bool retry_failed = false;
  bool any_card = false;
  bool json = false;
  bool verbose = false;
};

fs::path beside(const fs::path& data, const char* ending) { return data.string() + ending; }

/// A bad row stops all: half a batch with wrong data is worse than none.
void refuse_bad_rows(const batch::Table& table, const std::string& file) {
  const auto text = [&](const batch::BadRow& row) {
    return file + " line " + std::to_string(row.line) + ": " + row.what;
  };
  if (table.bad_count() == 0) return;
  if (table.bad_count() == 1) throw Error(ErrorKind::usage, text(table.bad_rows().front()));
  for (const batch::BadRow& row : table.bad_rows()) complain(Error(ErrorKind::usage, text(row)));
  const size_t more = table.bad_count() - table.bad_rows().size();
  throw Error(ErrorKind::usage, file + ": " + std::to_string(table.bad_count()) + " bad rows" +
                                    (more > 0 ? ", " + std::to_string(more) + " of them not shown" : "") +
                                    "; no card was touched");
}

ExitStatus status_of(const batch::Plan& plan, const batch::Summary& summary) {
  if (summary.interrupted) return ExitStatus::interrupted;
  if (summary.broken || summary.failed + summary.quarantined + plan.failed_before + plan.quarantined_before > 0) {
    return ExitStatus::refused;
  }
  return summary.left > 0 ? ExitStatus::reader : ExitStatus::ok;
}

/// Hears the plan as well as who follows.
class Planned : public batch::Follower {
 public:
  explicit Planned(batch::Follower& next) : next_(next) {}
  void begins(const batch::Plan& plan) override {
    plan_ = plan;
    next_.begins(plan);
  }
  void waits(size_t reader) override { next_.waits(reader); }
  void row_begins(size_t reader, const batch::Result& row) override { next_.row_begins(reader, row); }
  engine::Observer* run(size_t reader, const batch::Result& row) override { return next_.run(reader, row); }
  void row_ends(size_t reader, const batch::Result& result) override { next_.row_ends(reader, result); }
  void row_resumed(size_t reader, const batch::Result& result) override { next_.row_resumed(reader, result); }
  void card_refused(size_t reader, const std::string& card, const std::string& why) override {
    next_.card_refused(reader, card, why);
  }
  void card_unreadable(size_t reader, const Error& error) override { next_.card_unreadable(reader, error); }
  void reader_ends(size_t reader, const std::string& why) override { next_.reader_ends(reader, why); }
  void ends(const batch::Summary& summary) override { next_.ends(summary); }
  const batch::Plan& plan() const { return plan_; }

 private:
  batch::Follower& next_;
  batch::Plan plan_{};
};

struct Outcome {
  batch::Summary summary{};
  ExitStatus status = ExitStatus::ok;
};

/// What somebody has to do next, one line each on standard error.
void advise(const batch::Plan& plan, const batch::Summary& summary, const batch::Results& results,
            const batch::Quarantine& quarantine) {
  const auto say = [](const std::string& text) { std::cerr << "cardwright: " << printable(text) << '\n'; };
  std::cout << std::flush;
  if (summary.interrupted) {
    say("the batch was stopped by a signal; the same command goes on from what is done");
  } else if (summary.broken) {
    say("stopped by the breaker: so many failures in a row have one cause; find it, then the same command goes on");
  } else if (summary.left > 0) {
    say(counted_rows(summary.left) + " left, and no reader has cards any more; the same command goes on from there");
  }
  if (const size_t failed = summary.failed + plan.failed_before; failed > 0) {
    say(counted_rows(failed) + " failed: see " + results.path().string() +
        "; --retry-failed tries again, on a fresh card");
  }
  if (const size_t count = summary.quarantined + plan.quarantined_before; count > 0) {
    say(counted_rows(count) + " in quarantine: look at " + quarantine.path().string() +
        "; a line that you take out there is free again for --retry-failed");
  }
}

/// As the rows' runs see them; what the operator lends is known once they begin.
std::shared_ptr<const crypto::KeyStore> keys_of(const std::string& owner,
                                                const std::shared_ptr<const crypto::KeyStore>& all) {
  if (owner.empty()) return all;
  return std::make_shared<engine::OwnerKeys>(all, owner, engine::OwnerGrant{{"*"}, {}, false, {}});
}

Outcome run(const Options& options) {
  std::shared_ptr<const engine::Bundle> bundle =
      choose_bundle(
          options.bundle, options.store.open_if_there(options.cards.simulated()),
          [&] { return options.store.open_to_read(); }, options.signers, options.owner)
          .bundle;
  std::string name = options.flow;
  if (is_flow_file(name)) {
    want_in_bundle(options.signers, name);
    bundle = bundle->with_file(name);
    name = fs::path(name).generic_string();
  }
  const auto flow = std::make_shared<const engine::Flow>(engine::check_flow(*bundle, name));
  const Interrupt interrupt;  // before readers, which have threads
  OpenedCards cards = open_cards(options.cards, !flow->needs_keys.empty());

  batch::TableSetup table_setup;
  table_setup.file = options.data;
  table_setup.flow = flow.get();
  table_setup.key_column = options.key;
  for (const std::string& text : options.settings) table_setup.common.push_back(engine::Setting::parse(text));
  Envelopes::refuse(*flow, table_setup.common);
  for (const batch::BatchReader& reader : cards.readers) {
    table_setup.key_stores.push_back(keys_of(options.owner, reader.keys));
  }
  const batch::Table table = batch::Table::load(std::move(table_setup));
  refuse_bad_rows(table, options.data.string());

  const auto store = options.store.open_for(cards.simulated);
  if (!options.owner.empty() && !store) {
    throw Error(ErrorKind::usage,
                "--owner " + options.owner + ": owners are in a store, and there is none; name it with --store");
  }
  const auto [policy, policy_is] = choose_policy(options.policy, store.get(), *bundle);
  batch::BatchSetup setup;
  setup.bundle = bundle;
  setup.flow_name = name;
  setup.flow = flow;
  setup.policy = policy;
  setup.owner = options.owner;
  setup.http = Backends::configured().transport();
  setup.readers = std::move(cards.readers);
  std::optional<BatchKeeper> keeper;
  if (store) {
    keeper.emplace(store, std::move(cards.origins), options.cards.card_states, policy_is,
                   options.bundle ? nullptr : std::make_shared<BundleInUse>(store, options.signers, options.owner));
    setup.keeper = &*keeper;
  }
  setup.table = &table;
  setup.queue = {options.retry_failed, options.limit};
  setup.stop_after = options.stop_after;
  setup.any_card = options.any_card;
  setup.tools = load_bundle();

  const fs::path results_file = options.results.value_or(beside(options.data, ".results.csv"));
  const fs::path quarantine_file = options.quarantine.value_or(beside(options.data, ".quarantine.csv"));
  if (fs::absolute(results_file).lexically_normal() == fs::absolute(quarantine_file).lexically_normal()) {
    throw Error(ErrorKind::usage, "--results and --quarantine both name " + results_file.string() + "; give two files");
  }
  batch::Results results(results_file, name);
  batch::Quarantine quarantine(quarantine_file);
  setup.results = &results;
  setup.quarantine = &quarantine;
  BatchConsole console(std::cout, Terminal::of(STDOUT_FILENO));
  BatchEvents events(std::cout, options.verbose, *bundle, *policy);
  Planned follower(options.json ? static_cast<batch::Follower&>(events) : console);
  setup.follower = &follower;
  batch::Batch batch(std::move(setup));

  if (cards.built_in_keys && !flow->needs_keys.empty()) {
    std::cerr << "cardwright: no --keys: using the published test keys for the simulated cards\n";
  }
  Outcome outcome;
  outcome.summary = batch.run(interrupt.requested());
  outcome.status = status_of(follower.plan(), outcome.summary);
  const std::string undelivered = keeper ? keeper->deliver_the_rest() : "";
  advise(follower.plan(), outcome.summary, results, quarantine);
  if (!undelivered.empty()) std::cerr << "cardwright: " << undelivered << '\n';
  return outcome;
}

/// With --json the last event is `end`, also if the batch did not begin.
ExitStatus run_and_tell(const Options& options) {
  Outcome outcome;
  const auto failure = failure_of([&] { outcome = run(options); });
  if (failure) outcome.status = app::status_of(failure->kind());
  if (options.json) write_end(std::cout, outcome.summary, outcome.status, failure);
  if (failure) throw *failure;
  return outcome.status;
}

}  // namespace

void add_batch(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("batch", "Run a flow on many cards, one for each row of a CSV file");
  auto options = std::make_shared<Options>();
  command->add_option("FLOW", options->flow, "name under scripts/, or a .lua file")->required()->type_name("");
  command
      ->add_option("--cards", options->cards.names,
                   "the readers, repeatable: pcsc:* is every one that is plugged in; sim:FLAVOR*N is N simulated ones")
      ->required()
      ->allow_extra_args(false)
      ->type_name("CARDS");
  command->add_option("--flavor", options->cards.flavor, "what product the cards in readers are (default: generic)")
      ->type_name("FLAVOR");
  command->add_option("--data", options->data, "CSV file in UTF-8: the first line names arguments of the flow")
      ->required()
      ->type_name("FILE");
  command->add_option("--set", options->settings, "argument that is the same for all rows; NAME=@FILE reads a file")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  command->add_option("--key", options->key, "column that names the rows in the results (default: the first that can)")
      ->type_name("COLUMN");
  command
      ->add_option("--keys", options->cards.keys, "key store (default: $CARDWRIGHT_KEYS; for sim: built-in test keys)")
      ->type_name("FILE");
  command
      ->add_option("--policy", options->policy,
                   "the rules to run under (default: the version in use on the store, else "
                   "policies/default.lua)")
      ->type_name("FILE");
  command
      ->add_option("--bundle", options->bundle,
                   "the scripts to run: a folder with stdlib and scripts, a .bundle file, or a version in the store "
                   "(default: the one in use on the store, else the program's own)")
      ->type_name("BUNDLE");
  command
      ->add_option("--owner", options->owner, "whose the runs are: an issuer or provider (default: the operator's own)")
      ->type_name("NAME");
  command->add_option("--require-signed", options->signers, "run no bundle that no signer of these CAs has signed")
      ->allow_extra_args(false)
      ->type_name("CA");
  command->add_option("--results", options->results, "what became of each row (default: DATA.results.csv)")
      ->type_name("FILE");
  command
      ->add_option("--quarantine", options->quarantine,
                   "cards and rows to be left alone (default: DATA.quarantine.csv)")
      ->type_name("FILE");
  command
      ->add_option("--stop-after", options->stop_after,
                   "breaker: stop after N failures in a row, over all readers or on one (default: 3; 0: never)")
      ->check(WholeNumber())
      ->type_name("N");
  command->add_option("--limit", options->limit, "hand out at most N rows")->check(WholeNumber(1))->type_name("N");
  options->store.add_to(*command);
  command->add_flag("--retry-failed", options->retry_failed, "rows that failed once are tried again, on a fresh card");
  command->add_flag("--any-card", options->any_card,
                    "for cards that all have the same serial number: take each for a fresh one, also if it is none");
  command
      ->add_option("--card-states", options->cards.card_states,
                   "folder that gets the memory of each simulated card, as ROW.json")
      ->type_name("DIR");
  command->add_flag("--json", options->json, "one JSON event per line on standard output, and nothing else");
  command->add_flag("--verbose,-v", options->verbose, "with --json: each command");
  command->footer(
      "pcsc:NAME takes one reader; in pcsc:PATTERN a * stands for anything. A reader gets the next row when its card "
      "is\n"
      "changed. Each row gets a simulated card of its own. Readers that are plugged in later are not taken.\n"
      "\n"
      "A bad row is named by its line before any card is touched. Rows that are done are skipped when the same\n"
      "command runs again, after Ctrl-C or a crash too. A card that a row was written to gets no other row.\n"
      "\n"
      "The runs of rows are kept in the store, as those of cardwright run are, and attempts are counted there; those "
      "on\n"
      "simulated cards only where a store is named. The results name each run.\n"
      "\n"
      "Examples:\n"
      "  cardwright batch demo/install --cards sim:generic*2 --data people.csv --set cap=transit.cap\n"
      "  cardwright batch demo/install --cards pcsc:* --flavor jcop4 --keys keys --data people.csv --set "
      "cap=transit.cap\n"
      "  cardwright batch demo/install --cards sim:jcop4 --data people.csv --set cap=transit.cap --limit 1\n"
      "  cardwright batch demo/install --cards sim --data people.csv --set cap=transit.cap --retry-failed");
  command->callback([options, &action] { action = [options] { return run_and_tell(*options); }; });
}

}  // namespace cw::app
