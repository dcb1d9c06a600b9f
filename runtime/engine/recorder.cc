#include "engine/recorder.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "engine/recording_text.h"

namespace cw::engine {

namespace {

using Kind = RecordedLine::Kind;

RecordedArgument::Type type_of(ArgumentType type) {
  using To = RecordedArgument::Type;
  switch (type) {
    case ArgumentType::string:
      return To::string;
    case ArgumentType::bytes:
    case ArgumentType::aid:
      return To::bytes;
    case ArgumentType::integer:
      return To::integer;
    case ArgumentType::boolean:
      return To::boolean;
    case ArgumentType::secret:
      return To::secret;
    case ArgumentType::cap:
      return To::cap;
    case ArgumentType::key:
      return To::key;
  }
  throw Error(ErrorKind::internal, "an argument of no type");
}

}  // namespace

std::vector<RecordedArgument> recorded_arguments(const Flow& flow, const Arguments& arguments) {
  std::vector<RecordedArgument> out;
  for (const auto& argument : arguments.values) {
    const std::string& name = argument.first;
    const auto spec =
        std::find_if(flow.args.begin(), flow.args.end(), [&](const ArgumentSpec& one) { return one.name == name; });
    if (spec == flow.args.end()) continue;
    RecordedArgument& to = out.emplace_back();
    to.name = name;
    to.type = type_of(spec->type);
    std::visit(Overloaded{
                   [&](const std::string& text) { to.text = text; },
                   [&](const Bytes& bytes) { to.bytes = bytes; },
                   [&](int64_t number) { to.number = number; },
                   [&](bool flag) { to.number = flag ? 1 : 0; },
                   [&](const SecretArgument& secret) { to.number = secret.size; },
                   [&](const CapArgument& cap) {
                     to.text = cap.load_file->name;
                     to.bytes = cap.load_file->sha256;
                   },
               },
               argument.second);
  }
  return out;
}

Recorder::Recorder(std::ostream& out, Options options) : out_(out), options_(options) {
  out_ << kRecordingVersion << '\n' << std::flush;
}

void Recorder::flush() {
  while (!runs_.empty()) {
    out_ << runs_.front().text << std::flush;
    runs_.front().text.clear();
    if (!runs_.front().ended) return;
    runs_.pop_front();
  }
}

RunRecorder::RunRecorder(Recorder& recorder, RecordingHead head, const Arguments& arguments)
    : recorder_(recorder), pending_(&recorder.runs_.emplace_back()), filter_(arguments, recorder.options_.all_answers) {
  head.all_answers = recorder.options_.all_answers;
  pending_->text = "\n" + head_text(head);
  recorder_.flush();
}

RunRecorder::~RunRecorder() { close(); }

void RunRecorder::close() {
  if (pending_ == nullptr) return;
  std::exchange(pending_, nullptr)->ended = true;
  recorder_.flush();
}

void RunRecorder::take(RecordedLine line) {
  if (pending_ == nullptr) return;
  pending_->text += line_text(line);
  recorder_.flush();
}

void RunRecorder::attempt(unsigned number) { take({Kind::attempt, attempt_text(number), {}}); }

/// What a script says at its end may be what an applet told it.
RecordedReply RunRecorder::told(const Error& error) const {
  if (!left_out_) return error;
  return Error(error.kind(), std::string(kErrorLeftOut), error.sw());
}

void RunRecorder::attempt_failed(const Error& error) { take({Kind::failed, "failed", told(error)}); }

void RunRecorder::finished(const std::optional<Error>& error) {
  take({Kind::end, "end", error ? told(*error) : RecordedReply(Done{})});
  close();
}

RecordedAnswer RunRecorder::kept(const host::Command& command, const host::Answer& answer) {
  filter_.sent(command);
  if (filter_.shows(command, answer.data)) return {answer.data, answer.sw};
  left_out_ = true;
  return {LeftOut{answer.data.size()}, answer.sw};
}

}  // namespace cw::engine
