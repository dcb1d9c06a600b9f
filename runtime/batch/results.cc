#include "batch/results.h"

#include <charconv>
#include <cstdio>

#include "base/error.h"

namespace cw::batch {

namespace {

const std::vector<std::string>& header() {
  static const std::vector<std::string> names = {"flow",  "row",     "line",  "state",   "card", "reader",
                                                 "tries", "seconds", "error", "message", "run"};
  return names;
}

constexpr State kStates[] = {State::started, State::stopped, State::done, State::failed, State::quarantined};

std::optional<State> state_of(const std::string& name) {
  for (const State state : kStates) {
    if (name == name_of(state)) return state;
  }
  return {};
}

unsigned number_of(const std::string& text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::started:
      return "started";
    case State::stopped:
      return "stopped";
    case State::done:
      return "done";
    case State::failed:
      return "failed";
    case State::quarantined:
      return "quarantined";
  }
  return "started";
}

Results::Results(const std::filesystem::path& file, std::string flow)
    : flow_(std::move(flow)), log_(file, header(), CsvLog::Sharing::alone) {
  for (const std::vector<std::string>& fields : log_.records()) {
    if (fields[0] != flow_) {
      throw Error(ErrorKind::usage, "the results in " + file.string() + " are of flow " + fields[0] +
                                        ", and this is flow " + flow_ + "; give another file with --results");
    }
    const auto state = state_of(fields[3]);
    if (!state) {
      throw Error(ErrorKind::usage, "the results in " + file.string() + " have a row '" + fields[1] + "' of state '" +
                                        fields[3] + "', which is none; mend or remove that line");
    }
    Result result;
    result.row = fields[1];
    result.state = *state;
    result.card = fields[4];
    result.tries = number_of(fields[6]);
    result.run = fields[10];
    note(result);
  }
}

void Results::note(const Result& result) {
  History& history = rows_[result.row];
  history.state = result.state;
  history.card = result.card;
  history.tries = result.tries;
  history.run = result.run;
  if (result.state == State::failed || result.state == State::quarantined) ++history.failures;
  if (!result.card.empty()) cards_[result.card] = result.row;
}

const Results::History* Results::row(const std::string& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

const std::string* Results::row_of(const std::string& card) const {
  const auto found = cards_.find(card);
  return card.empty() || found == cards_.end() ? nullptr : &found->second;
}

void Results::append(const Result& result) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3f", result.seconds);
  log_.append({flow_, result.row, std::to_string(result.line), std::string(name_of(result.state)), result.card,
               result.reader, std::to_string(result.tries), result.state == State::started ? "" : seconds, result.error,
               result.message, result.run});
  note(result);
}

}  // namespace cw::batch
