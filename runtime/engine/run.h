// A run: one execution of a flow on one card, a sequence of attempts. It pins its bundle and its policy, owns
// everything else, and dies whole.
//
// A run never blocks: advance() executes the script until it waits for something, the scheduler carries that out and
// completes it. A script that computes for long can be advanced a slice at a time; neither it nor its journal shows how
// it was cut. Owner: the scheduler. One thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "card/reader.h"
#include "engine/arguments.h"
#include "engine/bundle.h"
#include "engine/flavor.h"
#include "engine/flow.h"
#include "engine/local_outside.h"
#include "engine/observer.h"
#include "engine/policy.h"
#include "engine/recorder.h"
#include "engine/replay.h"
#include "engine/run_journal.h"

namespace cw::engine {

/// How long a script has the thread at once, where many share one.
inline constexpr std::chrono::milliseconds kSlice{5};

struct RunSetup {
  std::string owner{};  // whose run it is: an issuer, a service provider; empty: the operator's own
  std::shared_ptr<const Bundle> bundle{};
  std::string flow_name{};
  std::shared_ptr<const Flow> flow{};  // as check_flow() gave it for this bundle; null: it is checked here
  bool scenario = false;               // the file is a scenario: `flow` is made of it, cw.scenario starts it
  std::shared_ptr<const Policy> policy{};
  Arguments arguments{};
  std::shared_ptr<const crypto::KeyStore> keys{};
  card::Reader* reader = nullptr;  // outlives the run; null: the card is far away
  std::optional<Device> device{};  // then
  Flavor flavor{};
  CardTraits traits{};
  CardCounter card_counter{};              // of authentications and loads, as the flavor says
  std::shared_ptr<BudgetLedger> ledger{};  // of attempts; null: the run's own
  Observer* observer = nullptr;            // outlives the run; may be null
  HttpTransport http{};                    // may be empty: no network
  Director director{};                     // of a scenario
  std::optional<unsigned> attempts{};      // fewer than the policy allows
  Inputs inputs = Inputs::real();
  int64_t begun = 0;              // when, in milliseconds since 1970, as the policy judges it; 0: now
  KeyWatch* key_watch = nullptr;  // follows the keys of domains; outlives the run; null: nobody does
  Recorder* recorder = nullptr;   // takes down what the run takes in; outlives it; may be null
  bool plays_backends = false;    // who drives the run answers its HttpCalls: they are in no recording
  bool asks_nobody = false;       // a test on a simulated card: what a domain's other owners say is not asked
  RunJournal* journal = nullptr;  // outlives it; null: the run ends with its process
  std::optional<Past> past{};     // what a process before did; needs `journal`
  /// Something put around what answers an attempt, or empty.
  std::function<std::unique_ptr<RunOutside>(std::unique_ptr<RunOutside>)> around{};
  std::shared_ptr<Replay> replay{};  // the run takes its next recorded run: keys, reader, http and inputs are not used
};

struct RunResult {
  std::optional<Error> error{};  // empty: the flow came to its end
  bool ran_out = false;          // a replay came to the end of what was recorded, and the run was not over there
  bool can_resume = false;       // it was left as it stands, and its journal can go on with it
  std::string traceback{};       // of a script's own failure
  unsigned attempts = 0;
  uint64_t instructions = 0;  // of the last attempt
  size_t peak_memory = 0;     // bytes, of the last attempt
  unsigned commands = 0;      // over all attempts
};

/// Of the reader that the run's card is in, or of the device.
std::string reader_name(const RunSetup& setup);
/// Key sets that a flow declared, with "$arg" replaced by what that argument of type key names.
std::vector<std::string> declared_keys(const Flow& flow, const Arguments& arguments);
/// Backends that it declared, in the same way: the argument is of type string and is a URL's beginning, or several with
/// spaces between.
std::vector<std::string> declared_backends(const Flow& flow, const Arguments& arguments);
/// AID of the issuer security domain, as the flavor has it; empty: not known.
Bytes isd_aid_of(const Flavor& flavor);

class Run {
 public:
  /// Checks what can be checked before the card is touched. Raises policy: the policy does not allow this flow, or it
  /// asks for consent and there is no journal, so that nobody can be asked; usage:
  /// a needed key set is missing, or the recording is of another flow or of other arguments; script: the flow is
  /// broken.
  explicit Run(RunSetup setup);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  enum class Phase { ready, waiting, done };
  Phase phase() const;

  const std::string& owner() const;

  /// Executes until the script waits or the run ends; with a slice, no longer than that, and the phase is ready again.
  /// Phase ready.
  void advance(std::optional<std::chrono::microseconds> slice = {});
  /// What the run waits for. Phase waiting.
  const host::Request& request() const;
  /// Whether that is the clock: a Wait, and not one of a recording. Phase waiting.
  bool waits_by_clock() const;
  /// Begins to carry out the request, where the card is far away. What it is to be asked now, in one exchange; null:
  /// nothing, and carry_out() has the reply at once. Phase waiting.
  const Order* order();
  /// What came back for the order: another one follows, or none.
  void answered(const Report& report);
  /// Carries out the request on the run's own reader or network, and blocks as long as that takes; for Wait, nothing is
  /// carried out. Errors come back as a Reply.
  host::Reply carry_out();
  /// Hands the run its answer. Phase waiting, then ready.
  void complete(host::Reply reply);

  /// Drops the script's state while the run waits by the clock; complete() builds it again from the journal. Nothing is
  /// done where that cannot be. Phase waiting.
  void passivate();

  /// Ends the run before its next command, with this error. With a journal, it can be resumed. Phase ready or waiting.
  void stop(Error why);

  /// Phase done.
  const RunResult& result() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cw::engine
