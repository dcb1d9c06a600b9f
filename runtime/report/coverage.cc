#include "report/coverage.h"

#include <algorithm>
#include <map>
#include <utility>

namespace cw::report {

namespace {

/// Calls `take` with each command and the case it is of.
template <class Take>
void each_command(const Results& results, Take take) {
  for (const Case& one : results.cases) {
    for (const Event& event : one.events) {
      if (event.kind == Event::Kind::command) take(one, event);
    }
  }
}

std::string command_name(const Event& event) { return event.name.empty() ? "unnamed" : event.name; }

}  // namespace

StatusClass class_of(std::optional<uint16_t> sw) {
  if (!sw) return StatusClass::none;
  if (*sw == 0x9000) return StatusClass::ok;
  switch (*sw >> 8) {
    case 0x61:
      return StatusClass::more;
    case 0x62:
    case 0x63:
      return StatusClass::warning;
    case 0x64:
    case 0x65:
    case 0x66:
      return StatusClass::execution;
    case 0x67:
      return StatusClass::length;
    case 0x68:
      return StatusClass::cla_function;
    case 0x69:
      return StatusClass::not_allowed;
    case 0x6A:
      return StatusClass::parameters;
    case 0x6B:
    case 0x6C:
    case 0x6D:
    case 0x6E:
    case 0x6F:
      return StatusClass::rest;
    default:
      return StatusClass::other;
  }
}

const char* name_of(StatusClass status) {
  constexpr const char* kNames[kStatusClasses] = {"9000", "61xx", "62/63xx", "64-66xx", "67xx",     "68xx",
                                                  "69xx", "6Axx", "6B-6Fxx", "other",   "no answer"};
  return kNames[static_cast<size_t>(status)];
}

const char* meaning_of(StatusClass status) {
  constexpr const char* kMeanings[kStatusClasses] = {"done",
                                                     "done, more data waits",
                                                     "done, with a warning",
                                                     "execution error",
                                                     "wrong length",
                                                     "function of the class byte not supported",
                                                     "command not allowed",
                                                     "wrong parameters or data",
                                                     "wrong P1 P2, Le, instruction, class, or no diagnosis",
                                                     "none of the standard's",
                                                     "torn away, or the reader failed"};
  return kMeanings[static_cast<size_t>(status)];
}

std::vector<Seen> coverage(const Results& results) {
  std::map<std::pair<std::string, std::string>, Seen> seen;
  each_command(results, [&](const Case& one, const Event& event) {
    std::string name = command_name(event);
    Seen& row = seen[{name, one.flavor}];
    row.name = std::move(name);
    row.flavor = one.flavor;
    ++row.counts[static_cast<size_t>(class_of(event.sw))];
  });
  std::vector<Seen> out;
  out.reserve(seen.size());
  for (auto& [key, row] : seen) out.push_back(std::move(row));
  return out;
}

std::vector<Timing> timing(const Results& results) {
  std::map<std::string, std::vector<std::chrono::nanoseconds>> times;
  each_command(results, [&](const Case&, const Event& event) { times[command_name(event)].push_back(event.time); });
  std::vector<Timing> out;
  for (auto& [name, all] : times) {
    std::sort(all.begin(), all.end());
    Timing row;
    row.name = name;
    row.count = all.size();
    // Nearest rank: a time that was measured, never one between two.
    row.median = all[(all.size() + 1) / 2 - 1];
    row.p95 = all[(all.size() * 95 + 99) / 100 - 1];
    row.max = all.back();
    for (const auto time : all) row.total += time;
    out.push_back(std::move(row));
  }
  std::stable_sort(out.begin(), out.end(), [](const Timing& a, const Timing& b) { return a.total > b.total; });
  return out;
}

}  // namespace cw::report
