#include "journal/replay_run.h"

#include "engine/recorder.h"
#include "engine/recording_text.h"
#include "engine/scheduler.h"

namespace cw::journal {

engine::RecordingHead recording_head(const OpenedJournal& journal, const engine::RunSetup& setup) {
  engine::RecordingHead head = journal.head.recording;
  head.arguments = engine::recorded_arguments(engine::check_flow(*setup.bundle, setup.flow_name), setup.arguments);
  return head;
}

Replayed replay_run(const OpenedJournal& journal, engine::RunSetup setup, const ReplayOptions& options) {
  Replayed out;
  if (journal.lines.attempts == 0) {
    out.result.ran_out = true;
    return out;
  }
  const std::string text = std::string(engine::kRecordingVersion) + "\n\n" +
                           engine::head_text(recording_head(journal, setup)) + journal.lines.recorded;
  auto recording =
      std::make_shared<const engine::Recording>(engine::Recording::parse(text, "journal of run " + journal.row.id));
  const engine::RecordedLine last = recording->runs.at(0).lines.back();

  if (options.bundle) setup.bundle = options.bundle;
  setup.replay = std::make_shared<engine::Replay>(std::move(recording));
  setup.observer = options.observer;
  setup.around = options.around;
  setup.recorder = options.recorder;
  engine::Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
  scheduler.run_all();
  out.result = scheduler.at(0).result();

  const std::optional<Error>& error = out.result.error;
  if (!error || out.result.ran_out) return out;
  // It ended as it had ended, or somewhere else.
  const auto* recorded = std::get_if<Error>(&last.reply);
  const bool same = recorded != nullptr && recorded->kind() == error->kind() &&
                    (recorded->message() == error->message() || recorded->message() == engine::kErrorLeftOut);
  if (!same && !journal.lines.stopped) out.difference = error;
  return out;
}

}  // namespace cw::journal
