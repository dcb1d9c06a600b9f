// What a run's journal is to the run. Everything that crosses Outside goes to it, and nothing goes to a card or a
// backend before the journal holds it durably.
//
// Owner: whoever starts the run; outlives it. One thread.
#pragma once

#include <chrono>
#include <optional>

#include "engine/evidence.h"
#include "engine/line_taker.h"
#include "engine/past.h"

namespace cw::engine {

class RunJournal : public LineTaker, public Evidence {
 public:
  enum class End { done, failed, stuck };  // stuck: attempts used up, an operator is needed

  /// Before all else, where that is so: what is asked becomes durable together with the order that is made of it.
  virtual void card_is_far() {}
  /// An attempt begins, from the top.
  virtual void attempt(unsigned number) = 0;
  /// It failed, and another follows.
  virtual void attempt_failed(const Error& error) = 0;
  /// Durable on return. Raises store.
  virtual void finished(const std::optional<Error>& error, End end) = 0;
  /// The run waits by the clock, and may be dropped and built again. Durable on return. Raises store.
  virtual void waits(std::chrono::milliseconds time) = 0;

  /// A result that is to reach a backend is put where it does not get lost. Durable on return. Raises store.
  virtual void deliver(const host::Deliver& parcel) = 0;

  /// As host::Outside::domains(): in the store, for all runs on this card. Raises store, usage.
  virtual std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) = 0;

  /// The run ends here, and not in its journal: what is there is written if that can be, and nobody holds the run any
  /// more. Never raises.
  virtual void left() = 0;

  /// Why the run is not to go on, whatever its script makes of the error: another process holds it, the store is away,
  /// an operator stopped it. Null: it may. The run is then left as it stands, and can be taken up again.
  virtual const Error* must_stop() const = 0;

  /// All that was durable before, to build the run from again. Raises store.
  virtual Past past() = 0;

  bool all_answers() const final { return true; }
  RecordedAnswer kept(const host::Command& /*command*/, const host::Answer& answer) final {
    return {answer.data, answer.sw};
  }
};

}  // namespace cw::engine
