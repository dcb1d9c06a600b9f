#include "report/tap.h"

#include "report/trace.h"
#include "text_private.h"

namespace cw::report {

namespace {

/// Perl's parser does not read a quoted text of 64 KiB; what is longer helps nobody in a log.
constexpr size_t kLongest = 8000;

std::string quoted(std::string_view text) { return yaml_string(cut(printable_lines(text), kLongest)); }

/// In a description, '#' begins a directive and '\' an escape.
std::string description(std::string_view text) {
  std::string out;
  for (const char c : cut(printable(text), kLongest)) {
    if (c == '#' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void Tap::begin() { out_ << "TAP version 13\n" << std::flush; }

void Tap::add(const Case& one) {
  out_ << (one.status == Case::Status::failed ? "not ok " : "ok ") << ++count_ << " - " << description(one.name);
  if (!one.flavor.empty()) out_ << " [" << description(one.flavor) << "]";
  if (one.status == Case::Status::skipped) out_ << " # SKIP " << description(one.reason);
  out_ << '\n';
  if (one.status == Case::Status::failed) failure(one);
  out_ << std::flush;
}

void Tap::failure(const Case& one) {
  const Failure failure = one.failure.value_or(Failure{});
  out_ << "  ---\n";
  out_ << "  message: " << quoted(failure.message) << '\n';
  const auto line = [this](const char* name, const std::string& value) {
    if (!value.empty()) out_ << "  " << name << ": " << quoted(value) << '\n';
  };
  line("expected", failure.expected);
  line("actual", failure.actual);
  line("likely", failure.likely);
  line("where", failure.where);
  line("card", one.card);
  const auto lines = trace_lines(one, around_failure(one), 0, true);
  if (!lines.empty()) out_ << "  trace:\n";
  for (const TraceLine& text : lines) out_ << "    - " << quoted(text.text) << '\n';
  out_ << "  ...\n";
}

void Tap::end() { out_ << "1.." << count_ << (count_ == 0 ? " # SKIP no scenario was run" : "") << '\n' << std::flush; }

void Tap::bail_out(const std::string& reason) { out_ << "Bail out!  " << printable(reason) << '\n' << std::flush; }

}  // namespace cw::report
