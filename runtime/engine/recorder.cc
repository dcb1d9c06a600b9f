#include "engine/recorder.h"

#include <algorithm>
#include <utility>

#include "engine/recording_text.h"

namespace cw::engine {

namespace {

using Kind = RecordedLine::Kind;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

RecordedReply http_reply(const host::Reply& reply, bool all) {
  if (const auto* error = std::get_if<Error>(&reply)) return *error;
  const auto& http = std::get<host::HttpReply>(reply);
  if (all) return http;
  return HttpLeftOut{http.status, http.body.size()};
}

/// The reply of a kind that is kept as it is, or the error.
template <class Kept>
RecordedReply kept(const host::Reply& reply) {
  if (const auto* error = std::get_if<Error>(&reply)) return *error;
  return std::get<Kept>(reply);
}

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

void RunRecorder::add(Kind kind, std::string request, RecordedReply reply) {
  if (pending_ == nullptr) return;
  pending_->text += line_text({kind, std::move(request), std::move(reply)});
  recorder_.flush();
}

void RunRecorder::attempt(unsigned number) { add(Kind::attempt, attempt_text(number), {}); }

/// What a script says at its end may be what an applet told it.
RecordedReply RunRecorder::told(const Error& error) const {
  if (!left_out_) return error;
  return Error(error.kind(), "left out, since an answer was", error.sw());
}

void RunRecorder::attempt_failed(const Error& error) { add(Kind::failed, "failed", told(error)); }

void RunRecorder::finished(const std::optional<Error>& error) {
  add(Kind::end, "end", error ? told(*error) : RecordedReply(Done{}));
  close();
}

void RunRecorder::exchanged(const host::Exchange& request, const host::Reply& reply) {
  const auto* answers = std::get_if<host::Answers>(&reply);
  for (size_t i = 0; i < request.plan.size(); ++i) {
    const host::Command& command = request.plan[i];
    filter_.sent(command);
    RecordedReply back = NoAnswer{};
    if (answers != nullptr && i < answers->answers.size()) {
      const host::Answer& answer = answers->answers[i];
      RecordedAnswer kept_answer{answer.data, answer.sw};
      if (!filter_.shows(command, answer.data)) {
        kept_answer.data = LeftOut{answer.data.size()};
        left_out_ = true;
      }
      back = std::move(kept_answer);
    } else if (const auto* error = std::get_if<Error>(&reply); error != nullptr && i == 0) {
      back = *error;
    }
    add(i == 0 ? Kind::command : Kind::more, command_text(command, request.channel, i != 0), std::move(back));
  }
}

Bytes RecordingOutside::reset() {
  try {
    Bytes atr = inner_->reset();
    recorder_.add(Kind::reset, request_text(host::Reset{}), atr);
    return atr;
  } catch (const Error& error) {
    if (!inner_->difference()) recorder_.add(Kind::reset, request_text(host::Reset{}), error);
    throw;
  }
}

void RecordingOutside::submit(host::Request request) {
  inner_->submit(std::move(request));
  if (const auto* wait = std::get_if<host::Wait>(&inner_->request())) {
    recorder_.add(Kind::wait, request_text(*wait), {});
  }
}

host::Reply RecordingOutside::carry_out() {
  host::Reply reply = inner_->carry_out();
  if (inner_->difference()) return reply;
  std::visit(Overloaded{
                 [&](const host::Reset& request) {
                   const auto* done = std::get_if<host::ResetDone>(&reply);
                   recorder_.add(Kind::reset, request_text(request),
                                 done ? RecordedReply(done->atr) : RecordedReply(std::get<Error>(reply)));
                 },
                 [&](const host::Exchange& request) { recorder_.exchanged(request, reply); },
                 [&](const host::OpenChannel& request) {
                   recorder_.add(Kind::open, request_text(request), kept<host::ChannelOpened>(reply));
                 },
                 [&](const host::CloseChannel& request) { recorder_.add(Kind::close, request_text(request), Done{}); },
                 [&](const host::HttpCall& request) {
                   const bool all = recorder_.recorder_.all_answers();
                   recorder_.add(Kind::http, request_text(request, all), http_reply(reply, all));
                 },
                 [](const host::Wait&) {},       // taken down when it was asked for
                 [](const host::Direction&) {},  // a replay has a stage of its own
             },
             inner_->request());
  return reply;
}

int64_t RecordingOutside::now() {
  const int64_t time = inner_->now();
  recorder_.add(Kind::time, "time", time);
  return time;
}

Bytes RecordingOutside::random(size_t count) {
  Bytes bytes = inner_->random(count);
  recorder_.add(Kind::random, random_text(count), bytes);
  return bytes;
}

host::KeyInfo RecordingOutside::key_info(const std::string& set) {
  try {
    host::KeyInfo info = inner_->key_info(set);
    recorder_.add(Kind::keys, keys_text(set), info);
    return info;
  } catch (const Error& error) {
    // What the gate refuses, it refuses again.
    if (error.kind() != ErrorKind::policy && !inner_->difference()) recorder_.add(Kind::keys, keys_text(set), error);
    throw;
  }
}

void RecordingOutside::note(host::Note note) {
  const bool skipped = note.kind == host::Note::Kind::step_skip;
  if (skipped || note.kind == host::Note::Kind::step_end) {
    recorder_.add(Kind::step, "step " + quote(note.name) + (skipped ? " skipped" : " done"), {});
  }
  inner_->note(std::move(note));
}

}  // namespace cw::engine
