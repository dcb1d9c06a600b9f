// A recording as the card of a command: --card recorded:FILE.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "card/reader.h"
#include "engine/arguments.h"
#include "engine/bundle.h"
#include "engine/policy.h"
#include "engine/replay.h"

namespace cw::app {

/// Raises usage: the file cannot be read, is no recording, or has no run in it.
std::shared_ptr<engine::Replay> open_recording(const std::filesystem::path& file);

/// Raises usage: `file` is the recording that `card` names, and would be gone before it is known whether the replay
/// goes well.
void refuse_to_record_over(const std::string& card, const std::filesystem::path& file);

/// Stands where a reader is asked for, and has no card to speak to: a run takes its answers above the reader.
class RecordedReader : public card::Reader {
 public:
  explicit RecordedReader(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Bytes reset() override { refuse(); }
  Bytes transmit(ByteView) override { refuse(); }

 private:
  [[noreturn]] static void refuse();
  std::string name_;
};

/// Arguments that the recorded run had and `settings` leave out. A secret becomes filler of its size, since its bytes
/// are in no recording; a CAP file is not in it either, and has to be given.
std::vector<engine::Setting> recorded_settings(const engine::Flow& flow, const engine::RecordedRun& run,
                                               const std::vector<engine::Setting>& settings);

/// Says on standard error what of the recording was not replayed, after a replay of `run` that went well: what comes
/// after a recorder that was killed, and runs behind this one.
void warn_of_the_rest(const engine::RecordedRun& run, const engine::Replay& replay);

/// Says on standard error what is not as it was when the run was recorded; it may be why the replay differs.
void warn_of_changes(const engine::RecordedRun& run, const engine::Bundle& bundle, const engine::Policy& policy);

}  // namespace cw::app
