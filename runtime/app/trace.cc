#include "app/trace.h"

#include <cstdio>

#include "app/terminal.h"
#include "base/hex.h"
#include "card/describe.h"
#include "card/status.h"

namespace cw::app {

namespace {

std::string milliseconds(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f ms", std::chrono::duration<double, std::milli>(time).count());
  return text;
}

/// The command with zeros where a secret or a file block goes: its size is right, and its description needs no more.
card::Apdu with_zeros(const host::Command& command) {
  card::Apdu out{command.cla, command.ins, command.p1, command.p2, {}, command.le};
  for (const host::Part& part : command.data.parts()) {
    if (const auto* bytes = std::get_if<Bytes>(&part)) append(out.data, *bytes);
    if (const auto* secret = std::get_if<host::SecretPart>(&part)) out.data.resize(out.data.size() + secret->size);
    if (const auto* file = std::get_if<host::FilePart>(&part)) out.data.resize(out.data.size() + file->size);
  }
  return out;
}

}  // namespace

std::string describe(const host::Command& command) {
  // How long a key is on the wire depends on the channel, so no size can be given.
  if (command.data.has_key()) return card::command_name(command.cla, command.ins, command.p1);
  return card::describe(with_zeros(command));
}

std::string describe(uint16_t sw, const host::Command& command) {
  const card::Meaning meaning = card::meaning(sw, command.cla, command.ins, command.p1);
  std::string out = to_hex16(sw);
  if (!meaning.text.empty()) out += " " + meaning.text;
  if (!meaning.causes.empty()) out += " (" + meaning.causes + ")";
  return out;
}

void Trace::head(const std::string& what, std::chrono::nanoseconds took) {
  out_ << '#' << ++number_ << ' ' << what;
  if (times_ == Times::shown) {
    out_ << "  at " << milliseconds(std::chrono::steady_clock::now() - begin_) << ", took " << milliseconds(took);
  }
  out_ << '\n';
}

void Trace::attempt_begins(unsigned number) { out_ << "attempt " << number << '\n'; }

void Trace::card_reset(ByteView atr) { out_ << "reset, ATR " << to_hex(atr) << '\n' << std::flush; }

void Trace::exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                      std::chrono::nanoseconds time) {
  head((channel == 0 ? "" : "[channel " + std::to_string(channel) + "] ") + describe(command), time);
  out_ << "  > " << printable(host::canonical(command)) << '\n';
  if (!answer.data.empty()) out_ << "  < " << to_hex(answer.data) << '\n';
  out_ << "  < " << describe(answer.sw, command) << '\n' << std::flush;
}

void Trace::channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                           std::chrono::nanoseconds time) {
  head("INITIALIZE UPDATE, EXTERNAL AUTHENTICATE", time);
  out_ << "  > key set " << asked.keys << ", wanted level " << to_hex(asked.level) << '\n'
       << "  < channel " << opened.channel << ": SCP" << to_hex(opened.scp) << " i=" << to_hex(opened.i) << ", level "
       << to_hex(opened.level) << ", key version " << to_hex(opened.key_version) << '\n'
       << std::flush;
}

void Trace::noted(const host::Note& note) {
  using Kind = host::Note::Kind;
  if (note.kind == Kind::step_begin) out_ << "step " << printable(note.name) << '\n';
  if (note.kind == Kind::step_skip) out_ << "step " << printable(note.name) << ": is there already\n";
}

void Trace::attempt_failed(const Error& error, bool again) {
  out_ << (again ? "attempt failed, another follows: " : "failed: ") << printable(error.message()) << '\n'
       << std::flush;
}

}  // namespace cw::app
