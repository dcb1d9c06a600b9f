// What every command that touches a card has in common: its options, and the parts that a run is made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/bundle_source.h"
#include "app/cards.h"
#include "app/counted_run.h"
#include "app/key_source.h"
#include "app/private_file.h"
#include "app/store_place.h"
#include "app/trace.h"
#include "engine/bundle.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "journal/run_head.h"

namespace CLI {
class App;
}

namespace cw::app {

struct SessionOptions {
  std::string card{};
  bool card_shared = false;
  std::optional<std::string> flavor{};
  std::optional<std::filesystem::path> card_state{};
  std::optional<std::filesystem::path> keys{};
  std::optional<std::filesystem::path> policy{};
  std::optional<std::string> bundle{};
  std::string owner{};  // whose runs; empty: the operator's own
  Signers signers{};
  std::optional<std::filesystem::path> trace{};
  std::optional<uint64_t> seed{};
  std::optional<std::filesystem::path> record{};
  bool record_answers = false;
  StorePlace store{};
  /// What the store is for.
  enum class Keeps { nothing, counts, runs };
  Keeps keeps = Keeps::nothing;

  /// Puts --card, --flavor, --card-shared, --card-state, --keys, --policy, --trace and --seed into a subcommand.
  void add_to(CLI::App& command);
  /// --record and --record-answers, for commands that run a flow.
  void add_recording_to(CLI::App& command);
  /// --store and --store-key, for commands whose runs can be kept, or which count there what they ask of a card.
  void add_store_to(CLI::App& command, Keeps what) {
    keeps = what;
    store.add_to(command);
  }
  /// --bundle, --require-signed and --owner, for commands whose runs can be kept.
  void add_bundle_to(CLI::App& command);
};

class Session {
 public:
  struct Outcome {
    engine::RunResult result{};
    bool interrupted = false;
    std::string id{};  // of the run in the store; empty: nothing keeps it
  };

  /// Loads all that does not need the card. Raises usage, script, policy; reader: the one named is not there.
  explicit Session(const SessionOptions& options);

  /// The name under which the bundle knows a flow that the user named: its own, or the path of a file, which is added.
  std::string use_flow(const std::string& name_or_file);

  const engine::Bundle& bundle() const { return *under_.bundle; }
  const engine::Policy& policy() const { return *policy_; }
  OpenCard& card() { return card_; }
  Trace* trace() { return trace_ ? &*trace_ : nullptr; }
  const std::shared_ptr<const engine::Policy>& shared_policy() const { return policy_; }
  const std::shared_ptr<store::Store>& store() const { return store_; }
  const std::shared_ptr<const crypto::KeyStore>& keys() const { return keys_.store; }
  engine::Inputs inputs() const;

  /// What counts here, for a command whose runs are not kept; null: nothing does. `command`: as the audit is to name
  /// it. Raises store.
  CountedRun* counted(const std::string& command);

  /// Runs a flow to its end, or until Ctrl-C. `kept` is told the run's id before its first command, if a store keeps
  /// it. Raises as the constructor of Run: then the card was not touched.
  Outcome run(const std::string& flow, engine::Arguments arguments, engine::Observer& observer,
              const std::function<void(const std::string& id)>& kept = {});

  /// Keeps the card's memory. After every run, also one that failed.
  void save() const { card_.save(); }

  /// Raises script: a part of the trace or of the recording could not be written. After a run that went well; otherwise
  /// its error counts.
  void check_trace() const;

  /// Says once that built-in keys are used, if a flow uses any.
  void announce_keys();
  /// Raises usage: there are no keys. For a flow that needs some.
  void demand_keys() const { keys_.demand(); }

 private:
  Signers signers_;
  std::string owner_;
  std::optional<uint64_t> seed_;
  BundleChoice under_{};
  std::shared_ptr<const engine::Policy> policy_{};
  store::PolicyIs policy_is_ = store::PolicyIs::any;
  OpenCard card_;
  KeySource keys_;
  bool announced_ = false;
  std::optional<PrivateFile> trace_file_{};
  std::optional<Trace> trace_{};
  struct Record {
    std::filesystem::path file{};
    bool all_answers = false;
  };
  std::optional<Record> record_{};
  std::shared_ptr<store::Store> store_{};  // null: runs end with this program
  bool keeps_runs_ = false;
  std::optional<CountedRun> counted_{};  // once it was asked for
  journal::Origin origin_{};
  std::optional<RecordingFile> recording_{};  // from the first run on
};

}  // namespace cw::app
