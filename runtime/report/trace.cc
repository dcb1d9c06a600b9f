#include "report/trace.h"

#include <algorithm>

#include "base/hex.h"
#include "text_private.h"

namespace cw::report {

namespace {

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
  const size_t digits = std::max<size_t>(3, std::to_string(range.end).size());
  range.end = std::min(range.end, one.events.size());
  for (size_t i = range.begin; i < range.end; ++i) {
    const Event& event = one.events[i];
    const bool failing = one.failure && one.failure->at == i;
    const std::string number = std::to_string(i + 1);
    std::string head = (failing ? "> " : "  ") + std::string(digits - std::min(digits, number.size()), ' ') + number;
    head += event.channel > 0 ? " *" : "  ";

    std::string text = lead(event.kind) + printable(event.text);
    if (event.kind != Event::Kind::command) {
      lines.push_back({cut(head + text, width), failing, true});
      if (failing) add_details(event, width, lines);
      continue;
    }
    const std::string status = "  " + padded(status_of(event), 9) + "  ";
    const std::string time = time_text(event.time, utf8);
    // Status and time in columns of their own; of the text, what is left.
    const size_t rest = columns_of(head) + columns_of(status) + 8;
    const size_t room = width == 0 ? std::max<size_t>(48, columns_of(text)) : width > rest + 20 ? width - rest : 20;
    text = padded(cut(std::move(text), room), std::min<size_t>(room, 60));
    lines.push_back({head + text + status + time, failing, true});
    if (failing) add_details(event, width, lines);
  }
  return lines;
}

}  // namespace cw::report
