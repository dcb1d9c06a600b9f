#include "report/trace.h"

#include <algorithm>

#include "base/hex.h"
#include "text_private.h"

namespace cw::report {

namespace {

constexpr size_t kWidestText = 72;  // columns of a command's text before its status, where there is no width
constexpr size_t kLeastText = 20;   // and however narrow the terminal is

/// What comes before the text of an event that is no command.
std::string lead(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::command:
    case Event::Kind::log:
      return "";
    default:
      return std::string(name_of(kind)) + ": ";
  }
}

/// A status word, or that there was none.
std::string status_of(const Event& event) {
  if (event.kind != Event::Kind::command) return "";
  if (!event.sw) return "no answer";
  return to_hex16(*event.sw);
}

void add_details(const Event& event, size_t width, std::vector<TraceLine>& lines) {
  const auto detail = [&](const char* name, const std::string& value) {
    if (!value.empty()) lines.push_back({cut(std::string("        ") + name + printable(value), width), true, false});
  };
  if (event.kind != Event::Kind::command) return;
  detail("sent    ", event.sent);
  detail("answer  ", event.answer);
  detail("status  ", event.sw_text);
}

}  // namespace

TraceRange around_failure(const Case& one, size_t before, size_t after) {
  if (one.events.empty()) return {};
  size_t at = one.events.size() - 1;
  if (one.failure && one.failure->at) at = std::min(*one.failure->at, at);
  return {at - std::min(at, before), std::min(at + after + 1, one.events.size())};
}

std::vector<TraceLine> trace_lines(const Case& one, TraceRange range, size_t width, bool utf8) {
  std::vector<TraceLine> lines;
  range.end = std::min(range.end, one.events.size());
  const size_t digits = std::max<size_t>(3, std::to_string(range.end).size());
  // The mark, the number and the channel come before the text of a command; its status and time after.
  const size_t before = 2 + digits + 2;
  constexpr size_t kAfter = 2 + 9 + 2 + 8;
  size_t room = kWidestText;
  if (width > 0) room = width > before + kAfter + kLeastText ? width - before - kAfter : kLeastText;
  size_t widest = 0;
  for (size_t i = range.begin; i < range.end; ++i) {
    if (one.events[i].kind == Event::Kind::command) {
      widest = std::max(widest, std::min(room, columns_of(printable(one.events[i].text))));
    }
  }

  for (size_t i = range.begin; i < range.end; ++i) {
    const Event& event = one.events[i];
    const bool failing = one.failure && one.failure->at == i;
    const std::string number = std::to_string(i + 1);
    std::string text = (failing ? "> " : "  ") + std::string(digits - std::min(digits, number.size()), ' ') + number;
    text += event.channel > 0 ? " *" : "  ";
    if (event.kind == Event::Kind::command) {
      // Without a width nothing is cut: a long text pushes status and time to the right.
      const std::string what = printable(event.text);
      text += padded(width == 0 ? what : cut(what, room), widest) + "  " + padded(status_of(event), 9) + "  " +
              time_text(event.time, utf8);
    } else {
      text = cut(joined({text, lead(event.kind), printable(event.text)}), width);
    }
    lines.push_back({std::move(text), failing, true});
    if (failing) add_details(event, width, lines);
  }
  return lines;
}

}  // namespace cw::report
