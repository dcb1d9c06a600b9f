#include "batch/batch.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/threads.h"
#include "batch/breaker.h"
#include "batch/resumed.h"
#include "engine/scheduler.h"
#include "identity_private.h"
#include "watch_private.h"

namespace cw::batch {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// A row that failed so often is not tried again before a person has looked.
constexpr unsigned kFailuresOfRow = 2;

}  // namespace

class Batch::Conductor {
 public:
  Conductor(const BatchSetup& setup, const std::atomic<bool>& interrupted)
      : setup_(setup),
        interrupted_(interrupted),
        queue_(*setup.table, *setup.results, *setup.quarantine, setup.queue),
        breaker_(setup.stop_after, setup.readers.size()) {}

  Summary run() {
    const auto begin = Clock::now();
    setup_.follower->begins(plan());
    {
      Threads threads;
      const size_t count = queue_.left() > 0 ? setup_.readers.size() : 0;
      working_ = count;
      for (size_t i = 0; i < count; ++i) start(threads, i);
      watch();
    }
    if (failure_) throw *failure_;
    summary_.left = queue_.left();
    summary_.seconds = seconds_since(begin);
    summary_.interrupted = interrupted_ && summary_.stopped + summary_.left > 0;
    setup_.follower->ends(summary_);
    return summary_;
  }

 private:
  Plan plan() const {
    Plan plan;
    plan.flow = setup_.flow_name;
    for (const BatchReader& reader : setup_.readers) plan.readers.push_back(reader.cards->name());
    plan.rows = setup_.table->rows().size();
    plan.to_do = queue_.left();
    plan.done_before = queue_.done_before();
    plan.failed_before = queue_.failed_before();
    plan.quarantined_before = queue_.quarantined_before();
    plan.over_limit = queue_.over_limit();
    for (const Row* row : queue_.half_way()) {
      const Results::History& history = *setup_.results->row(row->key);
      plan.half_way.push_back({row->key, history.card, history.run});
    }
    return plan;
  }

  void start(Threads& threads, size_t reader) {
    try {
      threads.start([this, reader] { work(reader); });
    } catch (const Error& error) {
      give_up(error);
      leave();
    }
  }

  /// Passes Ctrl-C on to those who wait for a card.
  void watch() {
    std::unique_lock lock(mutex_);
    while (working_ > 0) {
      if (interrupted_) enough_ = true;
      left_.wait_for(lock, std::chrono::milliseconds(50));
    }
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    --working_;
    left_.notify_all();
  }

  /// What no other card would mend ends the batch; cards in work are finished.
  void give_up(const Error& error) {
    const std::lock_guard lock(mutex_);
    // Whatever it is, by now it is no wrong argument: cards have been written to.
    const ErrorKind kind = error.kind() == ErrorKind::usage ? ErrorKind::script : error.kind();
    if (!failure_) failure_ = Error(kind, error.message(), error.sw(), error.cause());
    enough_ = true;
  }

  void work(size_t reader) {
    std::string why;
    try {
      while (!enough_ && one_card(reader, why)) {
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::reader) {
        why = error.message();  // this reader is gone, and the others go on
      } else {
        give_up(error);
      }
    } catch (const std::exception& error) {
      give_up(Error(ErrorKind::internal, std::string("this is a defect, please report it: ") + error.what()));
    }
    {
      const std::lock_guard lock(mutex_);
      setup_.follower->reader_ends(reader, why);
    }
    leave();
  }

  /// False: this reader gets no further card.
  bool one_card(size_t reader, std::string& why) {
    CardSource& cards = *setup_.readers[reader].cards;
    {
      const std::lock_guard lock(mutex_);
      setup_.follower->waits(reader);
    }
    if (!cards.next_card(enough_)) {
      if (!enough_) why = "no more cards";
      return false;
    }
    std::string card;
    if (const auto error = read_identity(reader, card)) {
      if (interrupted_) return false;
      if (error->kind() != ErrorKind::reader) throw *error;
      const std::lock_guard lock(mutex_);
      ++summary_.unreadable;
      setup_.follower->card_unreadable(reader, *error);
      return heed(breaker_.failure(reader), why);
    }
    std::optional<Begun> begun = begin_row(reader, card);
    if (!begun) return true;  // refused; or no row is left, and `enough_` says so
    return carry_out(reader, *begun, why);
  }

  engine::RunSetup run_setup(size_t reader, const std::string& flow, engine::Observer& observer) const {
    const BatchReader& on = setup_.readers[reader];
    engine::RunSetup out;
    out.bundle = setup_.bundle;
    out.flow_name = flow;
    out.policy = setup_.policy;
    out.keys = on.keys;
    out.reader = &on.cards->reader();
    out.flavor = on.cards->flavor();
    out.traits = on.cards->traits();
    out.card_counter = on.cards->counter();
    out.observer = &observer;
    out.http = setup_.http;
    return out;
  }

  /// A run to its end; what keeps it from beginning comes back too. `kept`: may be null.
  std::optional<Error> finish(engine::RunSetup setup, KeptRun* kept = nullptr) const {
    try {
      engine::Scheduler scheduler;
      const size_t number = scheduler.add(made(std::move(setup), kept));
      scheduler.run_all(&interrupted_);
      return scheduler.at(number).result().error;
    } catch (const Error& error) {
      return error;
    }
  }

  static std::unique_ptr<engine::Run> made(engine::RunSetup setup, KeptRun* kept) {
    try {
      return std::make_unique<engine::Run>(std::move(setup));
    } catch (const Error& error) {
      if (kept != nullptr) kept->refused(error);
      throw;
    }
  }

  /// Sends nothing that changes a card or counts against a key.
  std::optional<Error> read_identity(size_t reader, std::string& card) const {
    IdentityTaker taker;
    engine::RunSetup setup = run_setup(reader, kIdentityFlow, taker);
    if (setup_.tools) setup.bundle = setup_.tools;
    const std::optional<Error> error = finish(std::move(setup));
    if (!setup_.any_card) card = taker.identity;
    return error && error->kind() == ErrorKind::card ? std::nullopt : error;  // then it tells none
  }

  struct Begun {
    const Row* row = nullptr;
    Result result{};
  };

  std::optional<Begun> begin_row(size_t reader, const std::string& card) {
    const std::lock_guard lock(mutex_);
    RowQueue::Choice choice;
    do {
      if (enough_) return {};
      choice = queue_.take(card);
      if (!choice.refused.empty()) {
        ++summary_.cards_refused;
        setup_.follower->card_refused(reader, card, choice.refused);
        return {};
      }
      if (queue_.left() == 0) enough_ = true;  // nobody has to wait for a card any more
      if (choice.row == nullptr) return {};
    } while (was_resumed(reader, *choice.row));
    const Results::History* history = setup_.results->row(choice.row->key);
    if (!choice.card_before.empty() && !setup_.quarantine->has_card(choice.card_before)) {
      setup_.quarantine->add(
          {choice.card_before, "", "", "row " + choice.row->key + " was begun on it, and then given to another card"});
    }
    Begun begun;
    begun.row = choice.row;
    begun.result.row = choice.row->key;
    begun.result.line = choice.row->line;
    begun.result.card = card;
    begun.result.reader = setup_.readers[reader].cards->name();
    begun.result.tries = history ? history->tries + 1 : 1;
    if (setup_.keeper != nullptr) begun.result.run = setup_.keeper->new_id();
    setup_.results->append(begun.result);
    setup_.follower->row_begins(reader, begun.result);
    return begun;
  }

  /// Whether its run was brought to its end elsewhere since the batch began. If not, nobody goes on with it: a row has
  /// one run that anybody goes on with.
  bool was_resumed(size_t reader, const Row& row) {
    const Results::History* history = setup_.results->row(row.key);
    if (setup_.keeper == nullptr || history == nullptr || history->run.empty()) return false;
    const Keeper::Kept kept = setup_.keeper->give_up(history->run);
    if (kept.fate == Keeper::Fate::held) {
      throw Error(ErrorKind::script, "row " + row.key + " cannot be begun: another process goes on with its run " +
                                         history->run + "; start the batch again when that has ended");
    }
    if (kept.fate != Keeper::Fate::done) return false;
    ++summary_.done;
    setup_.follower->row_resumed(reader, note_done(row, kept, *setup_.results));
    return true;
  }

  bool carry_out(size_t reader, Begun& begun, std::string& why) {
    CardSource& cards = *setup_.readers[reader].cards;
    const auto begin = Clock::now();
    engine::Observer* next = nullptr;
    {
      const std::lock_guard lock(mutex_);
      next = setup_.follower->run(reader, begun.result);
    }
    Watch watch(mutex_, next);
    cards.row_begins(begun.row->key);
    engine::RunSetup setup = run_setup(reader, setup_.flow_name, watch);
    setup.owner = setup_.owner;
    SendingReader sending(*setup.reader);
    setup.reader = &sending;
    setup.flow = setup_.flow;
    setup.arguments = setup_.table->arguments(*begun.row);
    const Ended ended = keep_and_finish(reader, begun.result, std::move(setup));
    const std::optional<Error>& error = ended.error;
    cards.row_ends();
    if (setup_.keeper != nullptr) setup_.keeper->ended(begun.result.run);
    begun.result.seconds = seconds_since(begin);
    const bool goes_on = end_row(reader, begun.result, ended, error && watch.in_doubt(*error, sending.sent()), why);
    if (error && (ended.before_any_card || error->kind() == ErrorKind::store)) throw *error;
    return goes_on;
  }

  struct Ended {
    std::optional<Error> error{};
    bool before_any_card = false;  // no row can be begun as things are, whatever its card
  };

  Ended keep_and_finish(size_t reader, const Result& row, engine::RunSetup setup) const {
    if (setup_.keeper == nullptr) return {finish(std::move(setup))};
    try {
      const std::unique_ptr<KeptRun> kept = setup_.keeper->begin(row, setup, reader);
      kept->join(setup);
      // Another policy than at the start may be in use by now, and it may refuse the flow.
      const bool refused = !setup.policy->judge_flow(setup.flow->name).allowed;
      return {finish(std::move(setup), kept.get()), refused};
    } catch (const Error& error) {
      return {error, true};
    }
  }

  bool end_row(size_t reader, Result& result, const Ended& ended, bool in_doubt, std::string& why) {
    const std::lock_guard lock(mutex_);
    const std::optional<Error>& error = ended.error;
    result.state = State::done;
    if (error) {
      const Results::History* history = setup_.results->row(result.row);
      const bool often = history && history->failures + 1 >= kFailuresOfRow;
      const bool left = ended.before_any_card || was_left(*error);
      result.state = left ? State::stopped : in_doubt || often ? State::quarantined : State::failed;
      result.error = result.state == State::stopped ? "" : name_of(error->kind());
      result.message = error->message();
    }
    // The list first: a crash between the two leaves a row that is on the list, and so is not tried again.
    if (result.state == State::quarantined) {
      setup_.quarantine->add({result.card, result.row, result.reader, result.message});
    }
    setup_.results->append(result);
    setup_.follower->row_ends(reader, result);
    switch (result.state) {
      case State::done:
        ++summary_.done;
        return heed(breaker_.success(reader), why);
      case State::started:
      case State::stopped:
        ++summary_.stopped;
        return false;
      case State::quarantined:
        ++summary_.quarantined;
        break;
      case State::failed:
        ++summary_.failed;
        break;
    }
    return heed(breaker_.failure(reader), why);
  }

  /// It stands as it stood, and nothing went wrong with its card: Ctrl-C came, or the store took no more of it.
  bool was_left(const Error& error) const {
    return error.kind() == ErrorKind::store || (interrupted_ && error.kind() == ErrorKind::usage);
  }

  /// With the lock held.
  bool heed(Breaker::Verdict verdict, std::string& why) {
    if (verdict == Breaker::Verdict::go_on) return true;
    why = std::to_string(setup_.stop_after) + " failures in a row";
    summary_.broken = true;
    if (verdict == Breaker::Verdict::stop_all) enough_ = true;
    return false;
  }

  const BatchSetup& setup_;
  const std::atomic<bool>& interrupted_;
  std::atomic<bool> enough_ = false;  // no further card is taken
  std::mutex mutex_;                  // of all below, and of the follower
  std::condition_variable left_;
  RowQueue queue_;
  Breaker breaker_;
  Summary summary_{};
  std::optional<Error> failure_{};
  size_t working_ = 0;
};

Batch::Batch(BatchSetup setup) : setup_(std::move(setup)) {
  for (const std::string& flow : {setup_.flow_name, std::string(kIdentityFlow)}) {
    const engine::Decision decision = setup_.policy->judge_flow(flow);
    if (decision.allowed) continue;
    throw Error(ErrorKind::policy,
                "flow " + flow + (flow == kIdentityFlow ? ", with which a batch knows cards again," : "") +
                    " is not allowed by policy " + (decision.by.empty() ? setup_.policy->name() : decision.by) + ": " +
                    decision.because);
  }
}

Batch::~Batch() = default;

Summary Batch::run(const std::atomic<bool>& interrupted) {
  note_resumed(*setup_.table, *setup_.results, setup_.keeper);
  return Conductor(setup_, interrupted).run();
}

}  // namespace cw::batch
