// Frames of several runs in one transaction: whoever comes while one is under way waits, and the first of those who
// waited writes for all of them.
//
// Owner: Runs. Thread rule: any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "store/database.h"
#include "store/runs.h"

namespace cw::store {

/// A frame on its way, and what became of it.
struct PendingFrame {
  std::string run{};
  int64_t fence = 0;
  int64_t number = 0;
  Bytes content{};
  RunChange change{};

  bool known = false;                 // what became of it
  std::optional<Error> error{};       // it was not written
  bool stop_asked = false;            // from the run's row
  bool counted = false;               // what became of the run, for a canary
  std::chrono::milliseconds sent{0};  // boot_time() before the statement that wrote it
};

class GroupCommit {
 public:
  /// `audit` is on the same database.
  GroupCommit(Database& db, Audit& audit, std::string node) : db_(db), audit_(audit), node_(std::move(node)) {}

  /// Durable on return. Raises store: another holds the run (cause "fenced"), or as Database.
  void write(PendingFrame& frame);

  /// Transactions so far.
  int64_t commits() const { return commits_; }

 private:
  void commit(const std::vector<PendingFrame*>& frames);
  void attempt(const std::vector<PendingFrame*>& frames);
  /// All of them or none, and with each frame that is new its record in the audit. `first`: which statement is the
  /// first of each frame.
  std::vector<Result> write(const std::vector<Statement>& statements, const std::vector<PendingFrame*>& frames,
                            const std::vector<size_t>& first);
  void look_up(PendingFrame& frame);

  Database& db_;
  Audit& audit_;
  std::string node_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PendingFrame*> queue_;
  bool leading_ = false;  // somebody writes
  std::atomic<int64_t> commits_{0};
};

}  // namespace cw::store
