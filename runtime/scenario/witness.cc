#include "scenario/witness.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "card/status.h"
#include "engine/shown.h"

namespace cw::scenario {

namespace {

using Kind = report::Event::Kind;
using nlohmann::json;

/// One line for `audit`: what was sent, answered and decided, without what changes from run to run.
std::string audit_line(const report::Event& event) {
  switch (event.kind) {
    case Kind::command:
      return event.name + (event.sw ? " " + to_hex16(*event.sw) : "");
    case Kind::channel:
      return "channel with " + event.text;
    case Kind::attempt:
      return "attempt " + event.text;
    case Kind::step:
    case Kind::failure:
    case Kind::fault:
    case Kind::http:
    case Kind::run:
      return event.text;
    case Kind::reset:
      return "reset";
    case Kind::log:
      return {};
  }
  return {};
}

json command_of(const report::Event& event) {
  json out = {{"name", event.name}, {"text", event.text}, {"sent", event.sent}, {"channel", event.channel}};
  if (event.sw) out["sw"] = *event.sw;
  if (!event.answer.starts_with('<')) out["answer"] = event.answer;
  return out;
}

}  // namespace

void Witness::add(Kind kind, std::string text) {
  report::Event event;
  event.kind = kind;
  event.text = std::move(text);
  events_.push_back(std::move(event));
}

void Witness::attempt_begins(unsigned number) { add(Kind::attempt, std::to_string(number)); }

void Witness::card_reset(ByteView atr) { add(Kind::reset, "ATR " + to_hex(atr)); }

void Witness::exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                        std::chrono::nanoseconds time) {
  report::Event event;
  event.kind = Kind::command;
  event.text = engine::describe(command);
  event.name = card::command_name(command.cla, command.ins, command.p1);
  event.sent = host::canonical(command);
  const bool shown = answer.data.empty() || engine::answer_is_public(command);
  event.answer = shown ? to_hex(answer.data) : "<" + std::to_string(answer.data.size()) + " bytes>";
  event.sw = answer.sw;
  event.sw_text = engine::describe(answer.sw, command);
  event.channel = channel;
  event.time = time;
  events_.push_back(std::move(event));
}

void Witness::channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                             std::chrono::nanoseconds) {
  add(Kind::channel, "key set " + asked.keys + ", SCP" + to_hex(opened.scp) + " i=" + to_hex(opened.i) + ", level " +
                         to_hex(opened.level) + ", key version " + to_hex(opened.key_version));
}

void Witness::noted(const host::Note& note) {
  using NoteKind = host::Note::Kind;
  switch (note.kind) {
    case NoteKind::step_begin:
      return add(Kind::step, "begin " + note.name);
    case NoteKind::step_skip:
      return add(Kind::step, "skip " + note.name);
    case NoteKind::step_end:
      return add(Kind::step, "end " + note.name);
    case NoteKind::log:
      return add(Kind::log, note.name == "info" ? note.text : note.name + ": " + note.text);
    case NoteKind::output:
      outputs_.push_back({events_.size(), note.name, note.text});
      return;
    case NoteKind::progress:
      return;
  }
}

void Witness::attempt_failed(const Error& error, bool again) {
  add(Kind::failure, std::string(name_of(error.kind())) + ": " + error.message() + (again ? " (another attempt)" : ""));
}

json Witness::since(size_t first) const {
  json out = {{"commands", json::array()}, {"steps", json::array()},  {"log", json::array()},
              {"audit", json::array()},    {"tables", json::array()}, {"outputs", json::object()}};
  for (size_t i = first; i < events_.size(); ++i) {
    const report::Event& event = events_[i];
    if (event.kind == Kind::command) out["commands"].push_back(command_of(event));
    if (event.kind == Kind::log) out["log"].push_back(event.text);
    if (event.kind == Kind::step) {
      const size_t space = event.text.find(' ');
      out["steps"].push_back({{"state", event.text.substr(0, space)}, {"name", event.text.substr(space + 1)}});
    }
    if (std::string line = audit_line(event); !line.empty()) out["audit"].push_back(std::move(line));
  }
  for (const Output& output : outputs_) {
    if (output.at < first) continue;
    json value = json::parse(output.text, nullptr, false);
    if (output.format == "table") {
      out["tables"].push_back(std::move(value));
    } else if (value.is_object()) {
      out["outputs"][value.value("name", "")] = value.value("value", json());
    }
  }
  return out;
}

}  // namespace cw::scenario
