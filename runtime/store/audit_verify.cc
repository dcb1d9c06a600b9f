#include <algorithm>
#include <limits>

#include "audit_record_private.h"
#include "base/error.h"
#include "store/merkle.h"

namespace cw::store {

namespace {

constexpr int64_t kAtOnce = 1000;  // records

struct Expected {
  AuditRoot root{};
  bool outside = false;
};

std::string record_name(int64_t number) { return "record " + std::to_string(number); }

/// Follows the chain one record at a time, grows the tree with it, and compares both with what is known.
class Follower {
 public:
  explicit Follower(std::vector<Expected> roots) : roots_(std::move(roots)) {
    std::stable_sort(roots_.begin(), roots_.end(),
                     [](const Expected& a, const Expected& b) { return a.root.size < b.root.size; });
  }

  int64_t seen() const { return tree_.size(); }
  const Bytes& last_hash() const { return last_hash_; }
  Bytes subtrees() const { return tree_.subtrees(); }

  /// What is wrong with the record that comes next, or nothing.
  std::optional<std::string> follow(const AuditRecord& record) {
    const int64_t due = seen() + 1;
    if (record.number > due) return record_name(due) + " is missing";
    if (record.number < due) return record_name(record.number) + " does not belong here: the first is record 1";
    if (record.previous != last_hash_) {
      return record_name(due) + " does not follow on what is before it: its link is to another record";
    }
    if (hash_of(record) != record.hash) return record_name(due) + " was changed: its hash is that of another text";
    last_hash_ = record.hash;
    tree_.add(record.hash);
    return roots();
  }

  /// The roots over as many records as were seen.
  std::optional<std::string> roots() {
    for (; next_root_ < roots_.size() && roots_[next_root_].root.size <= seen(); ++next_root_) {
      const Expected& expected = roots_[next_root_];
      if (expected.root.size == seen() && expected.root.hash == tree_.root()) continue;
      return "the first " + std::to_string(expected.root.size) + " records are not those of the root that " +
             (expected.outside ? "was exported: records were changed, and all hashes after them"
                               : "is kept here: records and all hashes after them were changed, or the root was");
    }
    return {};
  }

  /// A root over more records than there are.
  std::optional<std::string> roots_left() const {
    if (next_root_ == roots_.size()) return {};
    const Expected& last = roots_.back();
    return "the tail is cut: a root over " + std::to_string(last.root.size) + " records " +
           (last.outside ? "was exported" : "is kept here") + ", and " + std::to_string(seen()) + " are there";
  }

 private:
  std::vector<Expected> roots_;
  size_t next_root_ = 0;
  GrowingTree tree_{};
  Bytes last_hash_ = Bytes(32);
};

/// How far the audit came, and how many records there are: as of one moment, since others go on appending.
struct Head {
  int64_t records = 0;
  Bytes hash = Bytes(32);
  Bytes subtrees{};
  int64_t there = 0;
};

Head head_in(Database& database) {
  const Result found =
      database.run({"SELECT records, hash, subtrees, (SELECT COUNT(*) FROM audit) FROM audit_head WHERE id = 1", {}});
  if (!found.rows.empty()) {
    const Row& row = found.rows[0];
    return {number(row.at(0)), bytes(row.at(1)), bytes(row.at(2)), number(row.at(3))};
  }
  Head none;
  none.there =
      number(database.run({"SELECT COUNT(*) FROM audit WHERE NOT EXISTS (SELECT id FROM audit_head WHERE id = 1)", {}})
                 .rows.at(0)
                 .at(0));
  return none;
}

std::optional<std::string> follow_all(Database& database, const Head& head, Follower& follower) {
  if (auto wrong = follower.roots()) return wrong;
  int64_t after = std::numeric_limits<int64_t>::min();
  for (;;) {
    const Result some = database.run({std::string("SELECT ") + kRecordColumns +
                                          " FROM audit WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3",
                                      {after, head.records, kAtOnce}});
    if (some.rows.empty()) return {};
    for (const Row& row : some.rows) {
      AuditRecord record;
      try {
        record = record_in(row);
      } catch (const Error& error) {
        return record_name(follower.seen() + 1) + " cannot be read: " + error.message();
      }
      if (auto wrong = follower.follow(record)) return wrong;
      after = record.number;
    }
  }
}

std::optional<std::string> compare_head(const Head& head, const Follower& follower) {
  if (follower.seen() < head.records) {
    return "the tail is cut: " + std::to_string(head.records) + " records were written, and " +
           std::to_string(follower.seen()) + " are there";
  }
  if (head.there != follower.seen()) {
    return record_name(follower.seen() + 1) + " was not written by this program: " + std::to_string(follower.seen()) +
           " records were, and " + std::to_string(head.there) + " are there";
  }
  if (head.hash != follower.last_hash() || head.subtrees != follower.subtrees()) {
    return "the hashes that the next record would go on from were changed: they are not those of the records";
  }
  return {};
}

}  // namespace

Audit::Verdict verify_audit(Database& database, const std::vector<AuditRoot>& outside) {
  std::vector<Expected> roots;
  for (const AuditRoot& root : outside) roots.push_back({root, true});
  // Before the head: a root that is given away meanwhile is over more records than are looked at.
  for (const Row& row : database.run({"SELECT size, time, hash FROM audit_roots ORDER BY size", {}}).rows) {
    roots.push_back({root_in(row), false});
  }
  const Head head = head_in(database);
  Follower follower(std::move(roots));
  Audit::Verdict verdict;
  verdict.against_root = !outside.empty();
  verdict.broken = follow_all(database, head, follower);
  if (!verdict.broken) verdict.broken = compare_head(head, follower);
  if (!verdict.broken) verdict.broken = follower.roots_left();
  verdict.records = follower.seen();
  return verdict;
}

}  // namespace cw::store
