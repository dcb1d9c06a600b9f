// A run played again from its journal alone: no card, no key, no network. The same bundle, policy and arguments, so
// each command and each decision has to come out as it stands there.
#pragma once

#include <memory>

#include "engine/run.h"
#include "journal/store_journal.h"

namespace cw::journal {

struct ReplayOptions {
  std::shared_ptr<const engine::Bundle> bundle{};  // other scripts than the run's; null: its own
  engine::Observer* observer = nullptr;            // may be null
  std::function<std::unique_ptr<engine::RunOutside>(std::unique_ptr<engine::RunOutside>)> around{};
  engine::Recorder* recorder = nullptr;  // may be null
};

struct Replayed {
  engine::RunResult result{};
  /// Where it did something else than the journal has; empty: nowhere, as far as the journal goes.
  std::optional<Error> difference{};
};

/// `setup`: the run's own, from read_setup(). Raises store: a file of the run is gone; usage, script: the bundle cannot
/// run the flow.
Replayed replay_run(const OpenedJournal& journal, engine::RunSetup setup, const ReplayOptions& options);

/// What the run was, as recordings have it.
engine::RecordingHead recording_head(const OpenedJournal& journal, const engine::RunSetup& setup);

}  // namespace cw::journal
