#include "engine/run.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <sstream>

#include "attempt_private.h"
#include "engine/direct_delivery.h"
#include "engine/gate.h"
#include "engine/line_taker.h"
#include "engine/local_outside.h"
#include "engine/rebuilt_outside.h"
#include "engine/recorded_outside.h"
#include "engine/recording_text.h"

namespace cw::engine {

namespace {

int64_t wall_clock() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string name_of(const Flavor& flavor) {
  const auto found = flavor.find("name");
  const auto* name = found == flavor.end() ? nullptr : std::get_if<std::string>(&found->second);
  return name ? *name : "";
}

/// A recording has what the run wants to know of its keys.
RunSetup with_keys(RunSetup setup) {
  if (!setup.keys && setup.replay) setup.keys = std::make_shared<crypto::FileKeyStore>();
  return setup;
}

/// Names, with "$arg" replaced by the text of that argument; without those whose argument was not given.
std::vector<std::string> named(const std::vector<std::string>& names, const Arguments& arguments) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (!name.starts_with('$')) {
      out.push_back(name);
      continue;
    }
    const auto value = arguments.values.find(name.substr(1));
    const auto* text = value == arguments.values.end() ? nullptr : std::get_if<std::string>(&value->second);
    if (text != nullptr) out.push_back(*text);
  }
  return out;
}

}  // namespace

std::string reader_name(const RunSetup& setup) {
  return setup.reader != nullptr ? setup.reader->name() : setup.device.value().name;
}

std::vector<std::string> declared_keys(const Flow& flow, const Arguments& arguments) {
  return named(flow.needs_keys, arguments);
}

std::vector<std::string> declared_backends(const Flow& flow, const Arguments& arguments) {
  std::vector<std::string> out;
  for (const std::string& text : named(flow.needs_backends, arguments)) {
    std::istringstream words(text);
    for (std::string word; words >> word;) out.push_back(word);
  }
  return out;
}

Bytes isd_aid_of(const Flavor& flavor) {
  const auto found = flavor.find("isd_aid");
  const auto* aid = found == flavor.end() ? nullptr : std::get_if<Bytes>(&found->second);
  return aid ? *aid : Bytes();
}

struct Run::Impl {
  explicit Impl(RunSetup given)
      : setup(with_keys(std::move(given))),
        flow(setup.flow ? *setup.flow : check_flow(*setup.bundle, setup.flow_name)),
        observer(setup.observer ? *setup.observer : silent),
        custody(*setup.keys, setup.arguments.secrets),
        gate(setup.policy, flow.name, declared_keys(flow, setup.arguments), declared_backends(flow, setup.arguments),
             isd_aid_of(setup.flavor)),
        budgets(setup.ledger, setup.policy->limits(), setup.card_counter),
        journal(setup.journal),
        past(std::exchange(setup.past, {}).value_or(Past())) {
    take_up();
    if (journal && setup.device) journal->card_is_far();
    if (setup.begun == 0) setup.begun = wall_clock();
    gate.begun_at(setup.begun);
    if (!flow.consent_domain.empty() && !journal && !setup.replay && !setup.asks_nobody) {
      throw Error(ErrorKind::policy,
                  "flow " + flow.name +
                      " ends a domain, and whoever has something in it is asked before, in a store: name one with "
                      "--store");
    }
    if (const Decision decision = setup.policy->judge_begin(flow.name, setup.begun); !decision.allowed) {
      const std::string& by = decision.by.empty() ? setup.policy->name() : decision.by;
      if (journal) journal->refused({"the flow", "", flow.name, by, decision.because});
      throw Error(ErrorKind::policy, "flow " + flow.name + " is not allowed by policy " + by + ": " + decision.because);
    }
    if (setup.replay) {
      replay = setup.replay->begin(flow.name, recorded_arguments(flow, setup.arguments));
    } else {
      for (const std::string& name : declared_keys(flow, setup.arguments)) custody.info(name);
    }
    if (setup.recorder) recorder = std::make_unique<RunRecorder>(*setup.recorder, head(), setup.arguments);
  }

  void take_up() {
    result.attempts = past.attempts;
    attempts_before = past.attempts - past.counted;
    waited = past.waited;
    budgets.card_is(past.card);
    budgets.attempts.refused_before(past.refused);
    gate.count_before(past.commands);
  }

  std::string reader_name() const { return replay ? replay->head().card : engine::reader_name(setup); }

  RecordingHead head() const {
    RecordingHead out;
    out.flow = flow.name;
    out.card = reader_name();
    out.flavor = name_of(setup.flavor);
    out.bundle = setup.bundle->hash();
    out.policy = setup.policy->name();
    out.policy_hash = setup.policy->hash();
    out.arguments = recorded_arguments(flow, setup.arguments);
    return out;
  }

  void begin_attempt() {
    // Whether a card far away is the one that it was, and has its channel, its report tells, and nothing else.
    const bool by_other = past.attempt && !past.same_process;
    if (by_other && (setup.device ? !past.out : setup.reader != nullptr && !setup.reader->attach())) {
      past = {};
      end_attempt(Error(ErrorKind::reader, setup.device
                                               ? "another process had the device before"
                                               : "the card was powered down since the process before left it"));
      return;
    }
    if (past.attempt) {
      rebuild();
      return;
    }
    custody.forget_unwrapped();
    ++result.attempts;
    observer.attempt_begins(result.attempts);
    if (replay) replay->take(attempt_text(result.attempts));
    if (journal) journal->attempt(result.attempts);
    if (recorder) recorder->attempt(result.attempts);
    std::unique_ptr<RunOutside> outside;
    if (replay) {
      outside = std::make_unique<RecordedOutside>(
          RecordedOutside::Setup{*replay, gate, observer, setup.director, setup.plays_backends});
    } else {
      outside = journaled(local());
    }
    make(recorded(std::move(outside)));
    begin_script();
  }

  /// The attempt under way, built again from its journal.
  void rebuild() {
    custody.forget_unwrapped();
    if (recorder) recorder->attempt(result.attempts);
    const auto go_on = [this, channels = past.channels, out = past.out,
                        same = past.same_process](const CardState& state) {
      std::unique_ptr<LocalOutside> outside = local();
      outside->go_on(state, channels, same || (out && out->left));
      if (out) outside->resume(*out);
      return journaled(std::move(outside));
    };
    const auto unwrap_again = [this](const host::WrappedKeys& keys) { return custody.unwrap(keys); };
    make(recorded(std::make_unique<RebuiltOutside>(
        RebuiltOutside::Setup{std::exchange(past, {}), gate, observer, go_on, unwrap_again, journal})));
    begin_script();
  }

  /// A card far away is asked first who it is.
  void begin_script() {
    if (replay || setup.reader != nullptr) return take(attempt->start());
    attempt->outside().submit(host::Reset{});
    phase = Phase::waiting;
  }

  void make(std::unique_ptr<RunOutside> outside) {
    if (setup.around) outside = setup.around(std::move(outside));
    attempt = std::make_unique<Attempt>(setup, reader_name(), std::move(outside));
    attempt->state().set_slice(slice);
  }

  void hand_over(host::Reply answer) {
    if (attempt->started()) return take(attempt->resume(answer));
    if (const auto* error = std::get_if<Error>(&answer)) return end_attempt(*error);
    take(attempt->start(std::get<host::ResetDone>(answer).atr));
  }

  std::unique_ptr<LocalOutside> local() {
    Evidence& evidence = journal ? static_cast<Evidence&>(*journal) : no_evidence;
    return std::make_unique<LocalOutside>(LocalOutside::Setup{
        setup.reader, setup.device ? std::optional(setup.device->relay) : std::nullopt,
        setup.device ? setup.device->card : std::string(), gate, custody, budgets, observer, setup.traits, setup.inputs,
        setup.http, outgoing, keep_domains, setup.director, evidence, setup.key_watch ? *setup.key_watch : no_watch});
  }
  std::unique_ptr<RunOutside> journaled(std::unique_ptr<RunOutside> outside) {
    if (!journal) return outside;
    return std::make_unique<TakingOutside>(std::move(outside), *journal);
  }
  std::unique_ptr<RunOutside> recorded(std::unique_ptr<RunOutside> outside) {
    if (!recorder) return outside;
    return std::make_unique<TakingOutside>(std::move(outside), *recorder);
  }

  void take(lua::State::Outcome outcome) {
    result.instructions = attempt->state().usage().instructions;
    result.peak_memory = attempt->state().usage().peak_memory;
    if (outcome == lua::State::Outcome::paused) return;  // the phase is ready, and there is no reply
    // What ended the attempt was nothing that the script could see, so it may have come to anything here.
    if (replay && replay->ended()) {
      end_attempt(Error(*replay->ended()));  // a copy: the replay forgets its own when it goes on
      return;
    }
    if (outcome != lua::State::Outcome::waiting) attempt->outside().check_end();
    if (const Error* difference = attempt->outside().difference()) {
      end_attempt(*difference);
      return;
    }
    if (outcome == lua::State::Outcome::waiting) return wait();
    if (outcome == lua::State::Outcome::failed) {
      result.traceback = attempt->state().traceback();
      end_attempt(attempt->state().error());
      return;
    }
    if (replay) replay->check_end();
    finish({}, RunJournal::End::done);
  }

  void wait() {
    phase = Phase::waiting;
    const auto* wait = std::get_if<host::Wait>(&attempt->outside().request());
    if (wait == nullptr) return;
    waited += wait->time;
    if (waited > std::chrono::seconds(setup.policy->limits().expires_s)) {
      finish(Error(ErrorKind::budget, "the run would wait for more than " +
                                          std::to_string(setup.policy->limits().expires_s) +
                                          " seconds in all (policy limits.expires_s)"),
             RunJournal::End::failed);
      return;
    }
    attempt->state().collect();  // a wait by the clock is a long one: keep what the script still needs, and no more
    if (journal && attempt->outside().waits_by_clock()) journal->waits(wait->time);
  }

  /// An answer that was lost ends the attempt, and the next one starts the flow from its top on a reset card. So does a
  /// script that, built again, asked for something else than before. All else ends the run: the card, the policy or the
  /// flow said no, and would again.
  void end_attempt(const Error& raised) {
    if (journal && journal->must_stop()) {
      leave(*journal->must_stop());
      return;
    }
    // What the store could not take is nothing that the flow or the card said: the run stays as it stands.
    if (journal && raised.kind() == ErrorKind::store) {
      leave(raised);
      return;
    }
    const Error* difference = attempt ? attempt->outside().difference() : nullptr;
    const bool diverged = difference != nullptr && !replay;
    const bool ended = replay && replay->ended();
    // Where the flow left a recording, whatever it made of that.
    const Error& error = difference ? *difference : replay && replay->difference() ? *replay->difference() : raised;
    const bool repeats = error.kind() == ErrorKind::reader || diverged || ended;
    const int64_t limit = std::min<int64_t>(setup.policy->limits().attempts, setup.attempts.value_or(UINT_MAX));
    const bool again = repeats && (ended || result.attempts - attempts_before < limit);
    observer.attempt_failed(error, again);
    if (again && journal) journal->attempt_failed(error);
    if (again && recorder) recorder->attempt_failed(error);
    if (again && replay) replay->skip_failed();
    if (!again || (replay && replay->at_end())) {
      finish(error, repeats ? RunJournal::End::stuck : RunJournal::End::failed);
      return;
    }
    attempt.reset();
    phase = Phase::ready;
  }

  void finish(std::optional<Error> error, RunJournal::End end) {
    if (recorder) recorder->finished(error);
    if (journal) {
      try {
        journal->finished(error, end);
      } catch (const Error& lost) {
        leave(lost);
        return;
      }
    }
    result.error = std::move(error);
    close();
  }

  /// The run ends here, and not in its journal.
  void leave(const Error& why) {
    if (recorder) recorder->finished(why);
    if (journal) journal->left();
    result.error = why;
    result.can_resume = true;
    close();
  }

  /// Passivated until now: what there is of the run is in its journal.
  void wake() {
    dormant.reset();
    phase = Phase::ready;
    try {
      past = journal->past();
      past.same_process = true;
      take_up();
    } catch (const Error& error) {
      leave(error);
    }
  }

  void close() {
    result.ran_out = replay && replay->ran_out();
    result.commands = gate.commands();
    attempt.reset();
    phase = Phase::done;
  }

  RunSetup setup;
  Flow flow;
  Observer silent;
  Observer& observer;
  Custody custody;
  Gate gate;
  CardBudgets budgets;
  Evidence no_evidence;
  KeyWatch no_watch;
  DirectDelivery direct;  // of results, where there is no journal
  Outgoing outgoing = [this](const host::Deliver& parcel) {
    journal ? journal->deliver(parcel) : direct.deliver(parcel, setup.http);
  };
  RunDomains domains;  // the same
  KeepDomains keep_domains = [this](const std::optional<host::DomainRecord>& put) {
    return journal ? journal->domains(put) : domains(put);
  };
  RunJournal* journal;  // null: none
  Past past;
  unsigned attempts_before = 0;           // that an operator does not count any more
  std::unique_ptr<RunReplay> replay;      // null: a card
  std::unique_ptr<RunRecorder> recorder;  // null: none
  std::unique_ptr<Attempt> attempt;
  std::optional<host::Reply> reply;
  std::optional<host::Request> dormant;  // the wait that a passivated run is in
  Phase phase = Phase::ready;
  std::optional<std::chrono::microseconds> slice;  // of the advance() under way
  std::chrono::milliseconds waited{0};             // by the clock, over all attempts
  RunResult result;
};

Run::Run(RunSetup setup) : impl_(std::make_unique<Impl>(std::move(setup))) {}
Run::~Run() = default;

Run::Phase Run::phase() const { return impl_->phase; }
const host::Request& Run::request() const {
  return impl_->dormant ? *impl_->dormant : impl_->attempt->outside().request();
}
bool Run::waits_by_clock() const {
  if (impl_->dormant) return true;
  const RunOutside& outside = impl_->attempt->outside();
  return std::holds_alternative<host::Wait>(outside.request()) && outside.waits_by_clock();
}
const Order* Run::order() { return impl_->attempt ? impl_->attempt->outside().order() : nullptr; }
void Run::answered(const Report& report) {
  if (impl_->attempt) impl_->attempt->outside().answered(report);
}
host::Reply Run::carry_out() { return impl_->attempt->outside().carry_out(); }
const RunResult& Run::result() const { return impl_->result; }

const std::string& Run::owner() const { return impl_->setup.owner; }

void Run::advance(std::optional<std::chrono::microseconds> slice) {
  Impl& run = *impl_;
  run.slice = slice;
  if (run.attempt) run.attempt->state().set_slice(slice);
  try {
    if (!run.attempt) {
      run.begin_attempt();
    } else if (!run.reply) {
      run.take(run.attempt->go_on());
    } else {
      host::Reply reply = std::move(*run.reply);
      run.reply.reset();
      run.hand_over(std::move(reply));
    }
  } catch (const Error& error) {
    run.end_attempt(error);
  }
}

void Run::passivate() {
  Impl& run = *impl_;
  // A recorder has taken down this attempt once.
  if (run.journal == nullptr || run.dormant || run.recorder || run.setup.scenario || !waits_by_clock()) return;
  run.dormant = run.attempt->outside().request();
  run.attempt.reset();
}

void Run::complete(host::Reply reply) {
  if (impl_->dormant) {
    impl_->wake();
    return;
  }
  // What the card did is unknown: no script can say better than the card itself, so it is asked again from the top.
  const Error* error = std::get_if<Error>(&reply);
  if (error && (error->kind() == ErrorKind::reader || error->kind() == ErrorKind::store)) {
    impl_->end_attempt(*error);
    return;
  }
  // Whoever played the backend: what it said may be relayed, or unwrapped, as what a backend said.
  if (const auto* said = std::get_if<host::HttpReply>(&reply); said && impl_->setup.plays_backends) {
    if (const auto* call = std::get_if<host::HttpCall>(&request())) impl_->gate.replied(*call, *said);
  }
  impl_->reply = std::move(reply);
  impl_->phase = Phase::ready;
}

void Run::stop(Error why) {
  if (impl_->journal) {
    impl_->leave(why);
  } else {
    impl_->finish(std::move(why), RunJournal::End::failed);
  }
}

}  // namespace cw::engine
