#include "app/json_events.h"

#include "app/json_text.h"
#include "base/hex.h"
#include "card/status.h"

namespace cw::app {

using nlohmann::ordered_json;

namespace {

ordered_json error_json(const Error& error) {
  ordered_json out = {{"kind", name_of(error.kind())}, {"message", error.message()}};
  if (error.sw()) out["sw"] = to_hex16(*error.sw());
  if (!error.cause().empty()) out["cause"] = error.cause();
  return out;
}

}  // namespace

void JsonEvents::write(ordered_json event) {
  event.update(with_);
  out_ << json_line(event) << '\n' << std::flush;
}

void JsonEvents::begin(const std::string& flow, const std::string& card, const engine::Bundle& bundle,
                       const engine::Policy& policy) {
  write({{"event", "run"},
         {"flow", flow},
         {"card", card},
         {"bundle", bundle.hash()},
         {"policy", policy.name()},
         {"policy_hash", policy.hash()}});
}

void JsonEvents::attempt_begins(unsigned number) { write({{"event", "attempt"}, {"number", number}}); }

void JsonEvents::exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                           std::chrono::nanoseconds) {
  ++number_;
  if (!commands_) return;
  write({{"event", "command"},
         {"number", number_},
         {"channel", channel},
         {"name", card::command_name(command.cla, command.ins, command.p1)},
         {"command", host::canonical(command)},
         {"sw", to_hex16(answer.sw)}});
}

void JsonEvents::channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                                std::chrono::nanoseconds) {
  write({{"event", "channel"},
         {"channel", opened.channel},
         {"keys", asked.keys},
         {"scp", to_hex(opened.scp)},
         {"i", to_hex(opened.i)},
         {"level", to_hex(opened.level)},
         {"key_version", to_hex(opened.key_version)}});
}

void JsonEvents::noted(const host::Note& note) {
  using Kind = host::Note::Kind;
  switch (note.kind) {
    case Kind::log:
      return write({{"event", "log"}, {"level", note.name}, {"text", note.text}});
    case Kind::step_begin:
      return write({{"event", "step"}, {"name", note.name}, {"state", "begin"}});
    case Kind::step_skip:
      return write({{"event", "step"}, {"name", note.name}, {"state", "skip"}});
    case Kind::step_end:
      return write({{"event", "step"}, {"name", note.name}, {"state", "end"}});
    case Kind::progress:
      return write({{"event", "progress"}, {"what", note.text}, {"done", note.done}, {"total", note.total}});
    case Kind::output: {
      // A table, or {name, value}: the script's own object with the kind of event in front.
      ordered_json event = {{"event", note.name == "table" ? "table" : "result"}};
      event.update(ordered_json::parse(note.text));
      return write(event);
    }
  }
}

void JsonEvents::attempt_failed(const Error& error, bool again) {
  write({{"event", "failed"}, {"again", again}, {"error", error_json(error)}});
}

void JsonEvents::finish(const engine::RunResult& result, ExitStatus status) {
  const auto time = std::chrono::steady_clock::now() - begin_;
  ordered_json event = {{"event", "end"},
                        {"ok", status == ExitStatus::ok},
                        {"status", static_cast<int>(status)},
                        {"attempts", result.attempts},
                        {"commands", result.commands},
                        {"instructions", result.instructions},
                        {"peak_memory", result.peak_memory},
                        {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(time).count()}};
  if (result.error) event["error"] = error_json(*result.error);
  write(event);
  finished_ = true;
}

}  // namespace cw::app
