#include "engine/replay.h"

#include <algorithm>

#include "card/status.h"
#include "engine/recording_text.h"

namespace cw::engine {

namespace {

using Kind = RecordedLine::Kind;

constexpr size_t kWidth = 120;

/// The part of a request that shows where it differs from another; the whole, if it is short.
std::string around(const std::string& text, size_t same) {
  if (text.size() <= kWidth) return "'" + text + "'";
  const size_t from = same > kWidth / 2 ? same - kWidth / 2 : 0;
  const std::string part = text.substr(from, kWidth);
  return std::string("'") + (from ? "..." : "") + part + (from + part.size() < text.size() ? "..." : "") + "'";
}

bool left_out(const RecordedLine& line) {
  const auto* answer = std::get_if<RecordedAnswer>(&line.reply);
  return answer != nullptr && std::holds_alternative<LeftOut>(answer->data);
}

std::string outcome_of(const RecordedLine& end) {
  const auto* error = std::get_if<Error>(&end.reply);
  if (error == nullptr) return "came to its end";
  return "ended with a " + std::string(name_of(error->kind())) + " error (" + error->message() + ")";
}

/// The same file under another name is the same argument.
bool same(const RecordedArgument& a, const RecordedArgument& b) {
  return a.type == RecordedArgument::Type::cap ? b.type == a.type && a.bytes == b.bytes : a == b;
}

std::string value_of(const RecordedArgument& argument) {
  return argument_text(argument).substr(quote(argument.name).size() + 1);
}

const RecordedArgument* find(const std::vector<RecordedArgument>& arguments, const std::string& name) {
  const auto found =
      std::find_if(arguments.begin(), arguments.end(), [&](const RecordedArgument& one) { return one.name == name; });
  return found == arguments.end() ? nullptr : &*found;
}

}  // namespace

std::vector<uint16_t> handshake(const RecordedReply& reply) {
  const auto* error = std::get_if<Error>(&reply);
  if (error == nullptr) return {0x9000, 0x9000};
  if (error->kind() == ErrorKind::channel) return {0x9000};  // the answer is not what the keys give
  if (error->kind() != ErrorKind::card || !error->sw()) return {};
  if (error->message().starts_with(card::command_name(0x80, 0x50, 0))) return {*error->sw()};
  return {0x9000, *error->sw()};
}

void RunReplay::differ(size_t line, const std::string& what) {
  if (!difference_) difference_ = Error(ErrorKind::usage, recording_->name + ":" + std::to_string(line) + ": " + what);
  throw *difference_;
}

std::string RunReplay::what_was_left_out(size_t line) const {
  size_t count = 0;
  size_t first = 0;
  for (const RecordedLine& one : run_.lines) {
    if (one.line >= line || !left_out(one)) continue;
    if (count++ == 0) first = one.line;
  }
  if (count == 0) return "";
  return "; " + std::to_string(count) + (count == 1 ? " answer" : " answers") +
         " before it were left out of the recording, first in line " + std::to_string(first) +
         ", and were zeros here, which may be why (--record-answers keeps them)";
}

void RunReplay::differ_from(const RecordedLine& line, const std::string& request) {
  const auto same = std::mismatch(line.request.begin(), line.request.end(), request.begin(), request.end());
  const auto at = static_cast<size_t>(same.first - line.request.begin());
  const std::string here = "the flow did " + around(request, at);
  if (line.kind == Kind::end) {
    differ(line.line, "the recorded run " + outcome_of(line) + " here, and " + here + what_was_left_out(line.line));
  }
  differ(line.line, "recorded is " + around(line.request, at) + ", and " + here + what_was_left_out(line.line));
}

void RunReplay::skip_steps() {
  while (next_ < run_.lines.size() && run_.lines[next_].kind == Kind::step) ++next_;
}

const RecordedLine& RunReplay::take(const std::string& request) {
  if (difference_) throw *difference_;
  skip_steps();
  if (next_ == run_.lines.size()) {
    ran_out_ = true;
    const size_t last = run_.lines.empty() ? run_.line : run_.lines.back().line;
    differ(last, "the recording of this run ends here without its end, and the flow did " + around(request, 0));
  }
  const RecordedLine& line = run_.lines[next_];
  // The process ended here, or something else that the script could not see: the attempt ended with it.
  if (line.kind == Kind::failed) {
    ended_ = std::get<Error>(line.reply);
    throw *ended_;
  }
  if (line.request != request) differ_from(line, request);
  ++next_;
  return line;
}

void RunReplay::skip_failed() {
  ended_.reset();
  skip_steps();
  if (next_ < run_.lines.size() && run_.lines[next_].kind == Kind::failed) ++next_;
}

bool RunReplay::take_step() {
  if (done() || run_.lines[next_].kind != Kind::step) return false;
  ++next_;
  return true;
}

bool RunReplay::at_end() const {
  return std::all_of(run_.lines.begin() + static_cast<long>(next_), run_.lines.end(),
                     [](const RecordedLine& line) { return line.kind == Kind::step; });
}

bool RunReplay::more() const { return next_ < run_.lines.size() && run_.lines[next_].kind == Kind::more; }

void RunReplay::check_end() {
  if (difference_) throw *difference_;
  skip_steps();
  if (next_ == run_.lines.size()) return;  // the recorder was stopped
  const RecordedLine& line = run_.lines[next_];
  if (line.kind != Kind::end) {
    differ(line.line, "the flow came to its end, and the recorded run went on with " + around(line.request, 0) +
                          what_was_left_out(line.line));
  }
  if (std::holds_alternative<Error>(line.reply)) {
    differ(line.line,
           "the flow came to its end, and the recorded run " + outcome_of(line) + what_was_left_out(line.line));
  }
}

const RecordedRun* Replay::next() const { return next_ < recording_->runs.size() ? &recording_->runs[next_] : nullptr; }

std::unique_ptr<RunReplay> Replay::begin(const std::string& flow, const std::vector<RecordedArgument>& arguments) {
  const RecordedRun* run = next();
  if (run == nullptr) {
    throw Error(ErrorKind::usage, recording_->name + ": has " + std::to_string(recording_->runs.size()) +
                                      (recording_->runs.size() == 1 ? " run" : " runs") +
                                      ", and this is one more, of " + flow);
  }
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::usage, recording_->name + ":" + std::to_string(run->line) + ": " + what);
  };
  const RecordingHead& head = run->head;
  if (head.flow != flow) refuse("is a recording of flow " + quote(head.flow) + ", and this is " + quote(flow));
  for (const RecordedArgument& argument : arguments) {
    const RecordedArgument* recorded = find(head.arguments, argument.name);
    if (recorded == nullptr) {
      refuse("argument " + argument.name + " was not set when this was recorded, and now is " + value_of(argument));
    } else if (!same(*recorded, argument)) {
      refuse("argument " + argument.name + " was " + value_of(*recorded) + " when this was recorded, and now is " +
             value_of(argument));
    }
  }
  for (const RecordedArgument& argument : head.arguments) {
    if (find(arguments, argument.name) == nullptr) {
      refuse("argument " + argument.name + " was " + value_of(argument) +
             " when this was recorded, and now is not set");
    }
  }
  ++next_;
  return std::make_unique<RunReplay>(recording_, *run);
}

}  // namespace cw::engine
