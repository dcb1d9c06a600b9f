#include <algorithm>

#include "canaries_private.h"
#include "clock_private.h"
#include "group_commit_private.h"
#include "holder_private.h"

namespace cw::store {

namespace {

// So many frames at once: a transaction that is too large delays those who wait for it.
constexpr size_t kMost = 256;

Value text_or_null(const std::optional<std::string>& text) { return text ? Value(*text) : Value(); }
Value number_or_null(const std::optional<int64_t>& value) { return value ? Value(*value) : Value(); }

}  // namespace

void GroupCommit::write(PendingFrame& frame) {
  std::unique_lock lock(mutex_);
  queue_.push_back(&frame);
  while (!frame.known) {
    if (leading_) {
      changed_.wait(lock);
      continue;
    }
    leading_ = true;
    const size_t count = std::min(queue_.size(), kMost);
    const std::vector<PendingFrame*> group(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    lock.unlock();
    commit(group);
    lock.lock();
    for (PendingFrame* each : group) each->known = true;
    leading_ = false;
    changed_.notify_all();
  }
  if (frame.error) throw Error(*frame.error);
}

/// Raises nothing: each frame of the group is told.
void GroupCommit::commit(const std::vector<PendingFrame*>& frames) {
  const auto fail_all = [&](const Error& error) {
    for (PendingFrame* frame : frames) frame->error = error;
  };
  try {
    attempt(frames);
  } catch (const Error& error) {
    // The database is well, and one of them is not: it is not to take the others with it.
    if (error.cause().empty() && frames.size() > 1) {
      for (PendingFrame* frame : frames) commit({frame});
    } else {
      fail_all(error);
    }
  } catch (const std::exception& error) {
    fail_all(Error(ErrorKind::internal, std::string("writing frames of runs failed: ") + error.what()));
  }
}

void GroupCommit::attempt(const std::vector<PendingFrame*>& frames) {
  // Always in the same order, so that two nodes do not wait for each other.
  std::vector<PendingFrame*> sorted = frames;
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->run < b->run; });
  std::vector<Statement> statements;
  std::vector<size_t> first;  // of each frame
  for (const PendingFrame* frame : sorted) {
    const RunChange& change = frame->change;
    first.push_back(statements.size());
    statements.push_back(
        {"UPDATE runs SET frames = frames + 1, beat = beat + 1, node = $4, changed = $5, state = COALESCE($6, state), "
         "card_id = COALESCE($7, card_id), attempts = COALESCE($8, attempts), wake = COALESCE($9, wake), "
         "error = COALESCE($10, error) WHERE id = $1 AND fence = $2 AND frames = $3 RETURNING stop_asked",
         {frame->run, frame->fence, frame->number, node_, time_of_day(),
          change.state ? Value(std::string(name_of(*change.state))) : Value(), text_or_null(change.card_id),
          number_or_null(change.attempts), number_or_null(change.wake), text_or_null(change.error)}});
    statements.push_back(
        {"INSERT INTO frames (run, number, fence, content) SELECT id, $3, $2, $4 FROM runs "
         "WHERE id = $1 AND fence = $2 AND frames = $3 + 1 ON CONFLICT DO NOTHING",
         {frame->run, frame->fence, frame->number, frame->content}});
    for (const NamedKeys& keys : change.keys) {
      statements.push_back(
          {"INSERT INTO run_keys (run, name, version) SELECT id, $4, $5 FROM runs "
           "WHERE id = $1 AND fence = $2 AND frames = $3 + 1 ON CONFLICT DO NOTHING",
           {frame->run, frame->fence, frame->number, keys.set, keys.version}});
    }
    if (change.state && is_over(*change.state)) {
      statements.push_back(
          {"DELETE FROM run_keys WHERE run = $1 AND EXISTS "
           "(SELECT 1 FROM runs WHERE id = $1 AND fence = $2 AND frames = $3 + 1)",
           {frame->run, frame->fence, frame->number}});
    }
  }

  const auto until = boot_time() + kServerPatience;  // so long the outcome is asked for
  std::vector<Result> results;
  for (;;) {
    for (PendingFrame* frame : sorted) frame->sent = boot_time();
    try {
      ++commits_;
      results = write(statements, sorted, first);
      break;
    } catch (const Error& error) {
      // The same once more: what is there already changes nothing, and is found below.
      if (error.cause() != "unknown" || boot_time() > until) throw;
    }
  }
  for (size_t i = 0; i < sorted.size(); ++i) {
    const Result& counted = results[first[i]];
    if (counted.changed == 1) {
      sorted[i]->stop_asked = number(counted.rows.at(0).at(0)) != 0;
    } else {
      look_up(*sorted[i]);
    }
  }
}

std::vector<Result> GroupCommit::write(const std::vector<Statement>& statements,
                                       const std::vector<PendingFrame*>& frames, const std::vector<size_t>& first) {
  const auto says_more = [](const PendingFrame* frame) {
    return frame->change.record.has_value() || (frame->change.state && is_outcome(*frame->change.state));
  };
  if (std::none_of(frames.begin(), frames.end(), says_more)) return db_.run_all(statements);
  std::vector<Result> results;
  db_.transact([&] {
    results = db_.run_all(statements);
    // In this order: who swaps versions takes a canary's row before the audit, too.
    for (size_t i = 0; i < frames.size(); ++i) {
      const RunChange& change = frames[i]->change;
      if (change.state && is_outcome(*change.state) && results[first[i]].changed == 1) {
        frames[i]->counted = count_outcome(db_, frames[i]->run, *change.state);
      }
    }
    for (size_t i = 0; i < frames.size(); ++i) {
      if (frames[i]->change.record && results[first[i]].changed == 1) audit_.add(*frames[i]->change.record);
    }
  });
  return results;
}

/// It changed nothing: because it is there since an earlier try, or because another holds the run.
void GroupCommit::look_up(PendingFrame& frame) {
  const Result there = db_.run({"SELECT content FROM frames WHERE run = $1 AND number = $2 AND fence = $3",
                                {frame.run, frame.number, frame.fence}});
  const Result run = db_.run({"SELECT stop_asked, holder, fence FROM runs WHERE id = $1", {frame.run}});
  if (!there.rows.empty() && bytes(there.rows[0][0]) == frame.content && !run.rows.empty()) {
    frame.stop_asked = number(run.rows[0][0]) != 0;
    return;
  }
  std::string why = "the run is no longer in the store";
  if (!run.rows.empty()) {
    const std::string holder = Holder::parse(text(run.rows[0][1])).node;
    if (number(run.rows[0][2]) == frame.fence) {
      why = "frame " + std::to_string(frame.number) + " is there already, with another content";
    } else if (holder.empty()) {
      why = "another process took it over and gave it up";
    } else {
      why = "a process on " + holder + " has taken it over";
    }
  }
  frame.error =
      Error(ErrorKind::store,
            "cannot write to the journal of run " + frame.run + ": " + why + "; nothing more is sent from here", {},
            "fenced");
}

}  // namespace cw::store
