// What a run of tests came to, as plain values: cases, their events, tear matrices, failures. Text in them is ready to
// be shown: decoded, and without what is not public.
//
// Owner: whoever runs the tests fills them; the writers of this folder only read. Threads: plain values, no locks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cw::report {

/// One thing that happened, in order.
struct Event {
  enum class Kind : uint8_t { attempt, reset, channel, command, step, log, fault, http, failure, run };
  Kind kind = Kind::log;
  std::string text{};  // one line for people: "INSTALL [for load] F063.. into A000.."
  // Of a command:
  std::string name{};               // "INSTALL [for load]"; for coverage
  std::string sent{};               // canonical form
  std::string answer{};             // data in hex, or "<16 bytes>" where it is not public
  std::optional<uint16_t> sw{};     // none: no answer came
  std::string sw_text{};            // "6A88 referenced data not found (the AID is not in the registry)"
  unsigned channel = 0;             // secure channel; 0: plain
  std::chrono::nanoseconds time{};  // the reader's
};

/// One command of a flow, torn.
struct TearPoint {
  unsigned number = 0;    // of the command, from 1
  std::string command{};  // its name
  struct Cell {
    std::string when{};  // "before", "inside", "after"
    bool converged = false;
    std::string why{};  // why it did not
  };
  std::vector<Cell> cells{};
};

/// A flow on a flavor, torn at every command. A cell is one tear point of the summary.
struct TearMatrix {
  std::string flow{};
  std::string flavor{};
  std::vector<TearPoint> points{};
  size_t torn() const;
  size_t converged() const;
};

struct Failure {
  std::string message{}, expected{}, actual{}, likely{};
  std::string where{};         // "tests/scenarios/a01.lua:12"
  std::optional<size_t> at{};  // index into Case::events of what failed
};

/// One scenario on one flavor.
struct Case {
  enum class Status : uint8_t { passed, failed, skipped };
  std::string name{}, summary{}, file{}, flavor{}, card{};  // name: "b02_lock"; card: "sim:generic"
  std::vector<std::string> tags{};
  Status status = Status::passed;
  std::string reason{};  // why it was skipped
  std::optional<Failure> failure{};
  std::chrono::nanoseconds time{};
  std::vector<Event> events{};
  std::vector<TearMatrix> matrices{};
};

struct Results {
  std::string program{}, started{};  // "cardwright 0.2", "2026-03-01 12:00:00"
  std::optional<uint64_t> seed{};
  std::chrono::nanoseconds time{};
  std::vector<Case> cases{};
  size_t count(Case::Status status) const;
};

/// "passed", "failed", "skipped".
const char* name_of(Case::Status status);
/// "command", "reset", ...
const char* name_of(Event::Kind kind);

}  // namespace cw::report
