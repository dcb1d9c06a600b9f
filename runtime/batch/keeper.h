// Who keeps the runs of a batch. The batch knows a run by its id alone; that stands in the results before the run is
// begun, so no run is kept that the results do not name.
//
// Owner: whoever starts the batch; outlives it. Thread rule: any thread; a KeptRun is its run's.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "batch/results.h"
#include "engine/run.h"

namespace cw::batch {

/// One run that is kept, as long as this process goes on with it.
class KeptRun {
 public:
  virtual ~KeptRun() = default;
  /// Puts itself into what the run is made of; outlives the run.
  virtual void join(engine::RunSetup& setup) = 0;
  /// It was refused before it began. Raises store.
  virtual void refused(const Error& error) = 0;
};

class Keeper {
 public:
  virtual ~Keeper() = default;

  /// For a run that is to be begun.
  virtual std::string new_id() = 0;
  /// The run of a row begins, under the id that `row` has, for its card alone, in that reader of the batch. `setup` has
  /// the policy that it begins under on return. Raises store.
  virtual std::unique_ptr<KeptRun> begin(const Result& row, engine::RunSetup& setup, size_t reader) = 0;
  /// It has ended, or was left as it stands; its KeptRun is gone.
  virtual void ended(const std::string& id) = 0;

  enum class Fate {
    unknown,  // it is not kept here
    held,     // a process works on it
    open,     // it can be resumed
    done,     // the flow came to its end
    over,     // it ended otherwise
  };
  struct Kept {
    Fate fate = Fate::unknown;
    std::string card{};  // as the batch knows cards; empty: it told nothing
  };
  /// What became of a run. Raises store.
  virtual Kept look(const std::string& id) = 0;
  /// Its row is to be begun anew, in another run: nobody goes on with this one, unless it is held or done on return.
  /// Raises store.
  virtual Kept give_up(const std::string& id) = 0;
};

}  // namespace cw::batch
