#include "app/exit_status.h"

namespace cw::app {

namespace {

struct Row {
  ExitStatus status;
  const char* meaning;
};

constexpr Row kTable[] = {
    {ExitStatus::ok, "done"},
    {ExitStatus::refused, "the flow, the card, a backend or a file said no"},
    {ExitStatus::usage, "wrong arguments: nothing was sent to the card"},
    {ExitStatus::policy, "the policy refused"},
    {ExitStatus::budget, "a budget is used up: instructions, memory, time, commands, authentication attempts"},
    {ExitStatus::reader, "no answer: reader missing, card removed, torn or mute"},
    {ExitStatus::store, "the store cannot keep what is to be sent: full, read-only, gone, or held by another"},
    {ExitStatus::internal, "a defect of cardwright; please report it"},
    {ExitStatus::interrupted, "stopped by Ctrl-C before the next command"},
};

}  // namespace

ExitStatus status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return ExitStatus::usage;
    case ErrorKind::script:
    case ErrorKind::card:
    case ErrorKind::channel:
    case ErrorKind::cap:
    case ErrorKind::http:
      return ExitStatus::refused;
    case ErrorKind::reader:
      return ExitStatus::reader;
    case ErrorKind::policy:
      return ExitStatus::policy;
    case ErrorKind::budget:
      return ExitStatus::budget;
    case ErrorKind::store:
      return ExitStatus::store;
    case ErrorKind::internal:
      return ExitStatus::internal;
  }
  return ExitStatus::internal;
}

ExitStatus status_of_run(ErrorKind kind) { return kind == ErrorKind::usage ? ExitStatus::refused : status_of(kind); }

std::string exit_status_help() {
  std::string out = "Exit status:\n";
  for (const Row& row : kTable) {
    const std::string number = std::to_string(static_cast<int>(row.status));
    out += "  " + number + std::string(5 - number.size(), ' ') + row.meaning + "\n";
  }
  return out;
}

}  // namespace cw::app
