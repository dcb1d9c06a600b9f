#include "app/console.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "app/table.h"
#include "base/hex.h"
#include "card/status.h"

namespace cw::app {

namespace {

using Colour = Terminal::Colour;
using nlohmann::json;

std::string duration(std::chrono::nanoseconds time) {
  char text[32];
  const double ms = std::chrono::duration<double, std::milli>(time).count();
  if (ms < 1000) {
    std::snprintf(text, sizeof text, "%.0f ms", ms);
  } else {
    std::snprintf(text, sizeof text, "%.1f s", ms / 1000);
  }
  return text;
}

std::string counted(unsigned count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace

void Console::line(const std::string& text) {
  clear_live();
  out_ << text << '\n' << std::flush;
}

void Console::live(const std::string& text) {
  if (!terminal_.interactive) return;
  out_ << "\r\x1b[K" << head_of(text, terminal_.width - 1) << std::flush;
  live_ = true;
}

void Console::clear_live() {
  if (live_) out_ << "\r\x1b[K";
  live_ = false;
}

void Console::step_line(Colour colour, const char* tick, const char* word, const std::string& name,
                        const std::string& more) {
  const char* mark = terminal_.utf8 ? tick : word;
  line(terminal_.paint(colour, mark) + " " + printable(name) +
       (more.empty() ? "" : "  " + terminal_.paint(Colour::faint, more)));
}

void Console::attempt_begins(unsigned number) {
  if (number > 1) line("attempt " + std::to_string(number) + ", from the top");
}

void Console::channel_opened(const host::OpenChannel& asked, const host::ChannelOpened& opened,
                             std::chrono::nanoseconds) {
  if (!verbose_) return;
  line("  SCP" + to_hex(opened.scp) + " i=" + to_hex(opened.i) + " with " + asked.keys + ", key version " +
       to_hex(opened.key_version) + ", level " + to_hex(opened.level));
}

void Console::exchanged(const host::Command& command, host::ChannelId, const host::Answer& answer,
                        std::chrono::nanoseconds) {
  for (const host::Part& part : command.data.parts()) {
    if (const auto* block = std::get_if<host::FilePart>(&part)) loaded(*block);
  }
  if (!verbose_) return;
  line("  " + card::command_name(command.cla, command.ins, command.p1) + " -> " + to_hex16(answer.sw));
}

/// The blocks of a LOAD are one request of the script, which can say nothing between them.
void Console::loaded(const host::FilePart& block) {
  bar("LOAD " + block.file->name, uint64_t{block.offset} + block.size, block.file->content.size());
}

void Console::noted(const host::Note& note) {
  using Kind = host::Note::Kind;
  switch (note.kind) {
    case Kind::log:
      if (note.name == "warn") {
        step_line(Colour::yellow, "!", "warning:", note.text, "");
      } else if (note.name != "debug" || verbose_) {
        line(printable(note.text));
      }
      return;
    case Kind::step_begin:
      step_ = note.name;
      step_begin_ = Clock::now();
      live("  " + printable(note.name));
      return;
    case Kind::step_skip:
      ++steps_skipped_;
      step_line(Colour::faint, "–", "skip", note.name, "nothing to do");
      return;
    case Kind::step_end:
      ++steps_done_;
      step_line(Colour::green, "✓", "ok  ", note.name,
                terminal_.interactive ? duration(Clock::now() - step_begin_) : "");
      step_.clear();
      return;
    case Kind::progress:
      bar(note.text, note.done, note.total);
      return;
    case Kind::output:
      output(note);
      return;
  }
}

void Console::bar(const std::string& what, uint64_t done, uint64_t total) {
  if (!terminal_.interactive || total == 0) return;
  done = std::min(done, total);
  const std::string percent = std::to_string(done * 100 / total) + "%";
  const std::string text = "  " + printable(what) + " ";
  const size_t used = columns_of(text) + 8;
  if (terminal_.width < used + 12) return live(text + percent);
  const size_t width = std::min<size_t>(40, terminal_.width - used);
  const size_t full = static_cast<size_t>(done * width / total);
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < full ? (terminal_.utf8 ? "█" : "#") : (terminal_.utf8 ? "░" : "-");
  live(text + bar + " " + percent);
}

void Console::output(const host::Note& note) {
  if (note.name == "table") {
    tables_.push_back(Table::parse(json::parse(note.text)).format(terminal_));
    return;
  }
  const json value = json::parse(note.text);
  results_.push_back(printable(value.at("name").get<std::string>() + ": " + value.at("value").dump()));
}

void Console::attempt_failed(const Error& error, bool again) {
  if (!step_.empty()) step_line(Colour::red, "✗", "FAIL", step_, "");
  step_.clear();
  if (again) line("the attempt ended: " + printable(error.message()));
}

void Console::finish(const engine::RunResult& result, bool interrupted) {
  clear_live();
  for (const std::string& table : tables_) out_ << '\n' << table;
  // A flow that gives a table as well has said it already.
  if (tables_.empty()) {
    for (const std::string& text : results_) out_ << text << '\n';
  } else {
    out_ << '\n';
  }
  std::string text = interrupted ? "stopped" : result.error ? "failed" : "done";
  if (steps_done_ + steps_skipped_ > 0) {
    text += ": " + counted(steps_done_, "step") + " done, " + std::to_string(steps_skipped_) + " skipped";
  }
  text += ", " + counted(result.commands, "command");
  if (result.attempts > 1) text += ", " + counted(result.attempts, "attempt");
  text += ", " + duration(Clock::now() - begin_);
  out_ << terminal_.paint(result.error ? Colour::red : Colour::green, text) << '\n' << std::flush;
}

}  // namespace cw::app
