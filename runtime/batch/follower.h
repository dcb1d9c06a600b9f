// Those who follow a batch: a terminal, a JSON stream. Told everything in order, can change nothing. Called by many
// threads, one at a time.
#pragma once

#include <string>
#include <vector>

#include "batch/results.h"
#include "engine/observer.h"

namespace cw::batch {

/// What there is to do, before it begins.
struct Plan {
  std::string flow{};
  std::vector<std::string> readers{};
  size_t rows = 0;   // of the table
  size_t to_do = 0;  // of them, in this batch
  size_t done_before = 0;
  size_t failed_before = 0;
  size_t quarantined_before = 0;
  size_t over_limit = 0;
  struct HalfWay {
    std::string row{};
    std::string card{};
    std::string run{};  // that it was begun in, or empty
  };
  std::vector<HalfWay> half_way{};  // rows that are finished if their card is put in again
};

struct Summary {
  size_t done = 0;
  size_t failed = 0;
  size_t quarantined = 0;
  size_t stopped = 0;  // rows in the middle when Ctrl-C came
  size_t left = 0;     // rows that were never handed out
  size_t cards_refused = 0;
  size_t unreadable = 0;  // cards that did not answer before a row was taken
  double seconds = 0;
  bool interrupted = false;
  bool broken = false;  // the breaker stopped it
};

class Follower {
 public:
  virtual ~Follower() = default;

  virtual void begins(const Plan& /*plan*/) {}
  virtual void waits(size_t /*reader*/) {}
  virtual void row_begins(size_t /*reader*/, const Result& /*row*/) {}
  /// Follows the run of that row; null: nobody does. Lives until row_ends.
  virtual engine::Observer* run(size_t /*reader*/, const Result& /*row*/) { return nullptr; }
  virtual void row_ends(size_t /*reader*/, const Result& /*result*/) {}
  /// A row that was to be handed out was brought to its end elsewhere meanwhile, and counts as done.
  virtual void row_resumed(size_t /*reader*/, const Result& /*result*/) {}
  virtual void card_refused(size_t /*reader*/, const std::string& /*card*/, const std::string& /*why*/) {}
  virtual void card_unreadable(size_t /*reader*/, const Error& /*error*/) {}
  /// `why` is empty if there is nothing left to do.
  virtual void reader_ends(size_t /*reader*/, const std::string& /*why*/) {}
  virtual void ends(const Summary& /*summary*/) {}
};

}  // namespace cw::batch
