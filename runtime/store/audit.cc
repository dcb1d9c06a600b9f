#include "store/audit.h"

#include <limits>

#include "audit_record_private.h"
#include "base/error.h"
#include "clock_private.h"
#include "store/ledgers.h"
#include "store/merkle.h"

namespace cw::store {

namespace {

/// In the transaction that is open.
AuditRecord append_record(Database& database, const AuditEntry& entry) {
  // One row that all who append write to: so they come one after the other, on all nodes.
  const Result head =
      database.run({"INSERT INTO audit_head (id, records, hash, subtrees) VALUES (1, 0, $1, $2) "
                    "ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING records, hash, subtrees",
                    {Bytes(32), Bytes()}});
  const Row& row = head.rows.at(0);
  GrowingTree tree(number(row.at(0)), bytes(row.at(2)));
  AuditRecord record;
  record.number = tree.size() + 1;
  record.time = time_of_day();
  record.entry = entry;
  record.previous = bytes(row.at(1));
  record.hash = hash_of(record);
  tree.add(record.hash);
  database.run_all({{"INSERT INTO audit (number, time, previous, entry, hash) VALUES ($1, $2, $3, $4, $5)",
                     {record.number, record.time, record.previous, encoded(entry), record.hash}},
                    {"UPDATE audit_head SET records = $1, hash = $2, subtrees = $3 WHERE id = 1",
                     {record.number, record.hash, tree.subtrees()}}});
  return record;
}

class AuditLog : public Audit {
 public:
  explicit AuditLog(Database& database) : database_(database) {}

  AuditRecord add(const AuditEntry& entry) override {
    AuditRecord record;
    database_.transact([&] { record = append_record(database_, entry); });
    return record;
  }

  std::vector<AuditRecord> list(int64_t from, int64_t count) override {
    const int64_t limit = count == 0 ? std::numeric_limits<int64_t>::max() : count;
    const Result found = database_.run(
        {std::string("SELECT ") + kRecordColumns + " FROM audit WHERE number >= $1 ORDER BY number LIMIT $2",
         {from, limit}});
    std::vector<AuditRecord> records;
    for (const Row& row : found.rows) records.push_back(record_in(row));
    return records;
  }

  int64_t size() override {
    const Result head = database_.run({"SELECT records FROM audit_head WHERE id = 1", {}});
    return head.rows.empty() ? 0 : number(head.rows[0].at(0));
  }

  AuditRoot root() override {
    AuditRoot root;
    try {
      database_.transact([&] { root = keep_root(); });
    } catch (const Error& error) {
      if (error.cause() != "read-only") throw;
      const GrowingTree tree = tree_now();
      root = {tree.size(), time_of_day(), tree.root()};
    }
    return root;
  }

  std::vector<AuditRoot> roots() override {
    const Result found = database_.run({"SELECT size, time, hash FROM audit_roots ORDER BY size", {}});
    std::vector<AuditRoot> roots;
    for (const Row& row : found.rows) roots.push_back(root_in(row));
    return roots;
  }

  Verdict verify(const std::vector<AuditRoot>& outside) override { return verify_audit(database_, outside); }

  AuditProof prove(int64_t number) override {
    const std::vector<AuditRecord> found = list(number, 1);
    if (number < 1 || found.empty() || found[0].number != number) {
      throw Error(ErrorKind::usage, "the audit has no record " + std::to_string(number) +
                                        "; see what there is with: cardwright audit list");
    }
    AuditProof proof;
    proof.record = found[0];
    proof.root = newest_root_over(number);
    const std::vector<Bytes> leaves = hashes(proof.root.size);
    if (static_cast<int64_t>(leaves.size()) == proof.root.size) {
      proof.path = audit_path(leaves, static_cast<size_t>(number - 1));
      if (holds(proof)) return proof;
    }
    throw Error(ErrorKind::store, "proving record " + std::to_string(number) +
                                      " of the audit: it does not lead to the " + "root over " +
                                      std::to_string(proof.root.size) +
                                      " records, so one of them was changed; run cardwright audit verify");
  }

 private:
  GrowingTree tree_now() {
    const Result head = database_.run({"SELECT records, subtrees FROM audit_head WHERE id = 1", {}});
    return head.rows.empty() ? GrowingTree() : GrowingTree(number(head.rows[0].at(0)), bytes(head.rows[0].at(1)));
  }

  AuditRoot keep_root() {
    const GrowingTree tree = tree_now();
    const auto results =
        database_.run_all({{"INSERT INTO audit_roots (size, time, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                            {tree.size(), time_of_day(), tree.root()}},
                           {"SELECT size, time, hash FROM audit_roots WHERE size = $1", {tree.size()}}});
    return root_in(results.at(1).rows.at(0));
  }

  /// What was given away last, if the record was there then.
  AuditRoot newest_root_over(int64_t record) {
    const Result kept = database_.run(
        {"SELECT size, time, hash FROM audit_roots WHERE size >= $1 ORDER BY size DESC LIMIT 1", {record}});
    return kept.rows.empty() ? root() : root_in(kept.rows[0]);
  }

  std::vector<Bytes> hashes(int64_t count) {
    Result found =
        database_.run({"SELECT hash FROM audit WHERE number >= 1 AND number <= $1 ORDER BY number", {count}});
    std::vector<Bytes> out;
    out.reserve(found.rows.size());
    for (const Row& row : found.rows) out.push_back(bytes(row.at(0)));
    return out;
  }

  Database& database_;
};

}  // namespace

std::unique_ptr<Audit> make_audit(Database& database) { return std::make_unique<AuditLog>(database); }

}  // namespace cw::store
