#include "app/recorded_card.h"

#include <algorithm>
#include <iostream>

#include "app/terminal.h"
#include "base/error.h"
#include "base/hex.h"

namespace cw::app {

namespace {

using Type = engine::RecordedArgument::Type;

std::optional<engine::Setting> setting_of(const engine::RecordedArgument& argument) {
  switch (argument.type) {
    case Type::string:
    case Type::key:
      return engine::Setting{argument.name, argument.text};
    case Type::bytes:
      return engine::Setting{argument.name, to_hex(argument.bytes)};
    case Type::integer:
      return engine::Setting{argument.name, std::to_string(argument.number)};
    case Type::boolean:
      return engine::Setting{argument.name, std::string(argument.number ? "true" : "false")};
    case Type::secret:
      return engine::Setting{argument.name, Secret::take(Bytes(static_cast<size_t>(argument.number), 'x'))};
    case Type::cap:
      break;
  }
  return {};
}

}  // namespace

std::shared_ptr<engine::Replay> open_recording(const std::filesystem::path& file) {
  auto recording = std::make_shared<const engine::Recording>(engine::Recording::load(file));
  if (recording->runs.empty()) throw Error(ErrorKind::usage, "there is no run in the recording " + file.string());
  return std::make_shared<engine::Replay>(std::move(recording));
}

void refuse_to_record_over(const std::string& card, const std::filesystem::path& file) {
  constexpr std::string_view kRecorded = "recorded:";
  std::error_code ignored;
  if (!card.starts_with(kRecorded)) return;
  if (!std::filesystem::equivalent(card.substr(kRecorded.size()), file, ignored)) return;
  throw Error(ErrorKind::usage, "--record " + file.string() + " is the recording that is replayed; take another file");
}

void RecordedReader::refuse() {
  throw Error(ErrorKind::usage,
              "a recording answers the flow that was recorded and nothing else; replay it with cardwright run, send or "
              "card info, as it was made");
}

std::vector<engine::Setting> recorded_settings(const engine::Flow& flow, const engine::RecordedRun& run,
                                               const std::vector<engine::Setting>& settings) {
  std::vector<engine::Setting> out;
  if (run.head.flow != flow.name) return out;  // the run itself says that
  for (const engine::RecordedArgument& argument : run.head.arguments) {
    const auto same_name = [&](const auto& one) { return one.name == argument.name; };
    if (std::any_of(settings.begin(), settings.end(), same_name)) continue;
    if (std::none_of(flow.args.begin(), flow.args.end(), same_name)) continue;
    if (auto setting = setting_of(argument)) out.push_back(std::move(*setting));
  }
  return out;
}

void warn_of_changes(const engine::RecordedRun& run, const engine::Bundle& bundle, const engine::Policy& policy) {
  std::string changed;
  if (run.head.bundle != bundle.hash()) changed = "scripts or stdlib";
  if (run.head.policy_hash != policy.hash()) {
    changed += (changed.empty() ? "policy " : " and policy ") + printable(run.head.policy);
  }
  if (changed.empty()) return;
  std::cerr << "cardwright: " << changed << " changed since this was recorded; it is replayed with what is here now\n";
}

void warn_of_the_rest(const engine::RecordedRun& run, const engine::Replay& replay) {
  const std::string& file = replay.recording().name;
  if (run.lines.empty() || run.lines.back().kind != engine::RecordedLine::Kind::end) {
    std::cerr << "cardwright: " << printable(file)
              << ": the recorded run has no end, since its recorder was stopped; it was replayed up to there\n";
  }
  if (replay.next() != nullptr) {
    std::cerr << "cardwright: " << printable(file) << ":" << replay.next()->line
              << ": another run is recorded from here on, and was not replayed\n";
  }
}

}  // namespace cw::app
