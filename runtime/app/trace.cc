#include "app/trace.h"

#include <cstdio>

#include "app/terminal.h"
#include "base/hex.h"
#include "engine/shown.h"

namespace cw::app {

namespace {

std::string milliseconds(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f ms", std::chrono::duration<double, std::milli>(time).count());
  return text;
}

}  // namespace

void Trace::head(const std::string& what, std::chrono::nanoseconds took) {
  out_ << '#' << ++number_ << ' ' << what;
  if (options_.times) {
    out_ << "  at " << milliseconds(std::chrono::steady_clock::now() - begin_) << ", took " << milliseconds(took);
  }
  out_ << '\n';
}

void Trace::attempt_begins(unsigned number) { out_ << "attempt " << number << '\n'; }

void Trace::card_reset(ByteView atr) { out_ << "reset, ATR " << to_hex(atr) << '\n' << std::flush; }

void Trace::exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                      std::chrono::nanoseconds time) {
  head((channel == 0 ? "" : "[channel " + std::to_string(channel) + "] ") + engine::describe(command), time);
  out_ << "  > " << printable(host::canonical(command)) << '\n';
  if (!answer.data.empty()) {
    const bool shown = options_.all_answers || engine::answer_is_public(command);
    out_ << "  < " << (shown ? to_hex(answer.data) : "<" + std::to_string(answer.data.size()) + " bytes>") << '\n';
  }
  out_ << "  < " << engine::describe(answer.sw, command) << '\n' << std::flush;
}

void Trace::channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                           std::chrono::nanoseconds) {
  out_ << "channel " << opened.channel << " is open: key set " << asked.keys << ", SCP" << to_hex(opened.scp)
       << " i=" << to_hex(opened.i) << ", level " << to_hex(opened.level) << ", key version "
       << to_hex(opened.key_version) << '\n'
       << std::flush;
}

void Trace::noted(const host::Note& note) {
  using Kind = host::Note::Kind;
  if (note.kind == Kind::step_begin) out_ << "step " << printable(note.name) << '\n';
  if (note.kind == Kind::step_skip) out_ << "step " << printable(note.name) << ": nothing to do\n";
}

void Trace::attempt_failed(const Error& error, bool again) {
  out_ << (again ? "attempt failed, another follows: " : "failed: ") << printable(error.message()) << '\n'
       << std::flush;
}

}  // namespace cw::app
