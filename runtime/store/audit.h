// The audit: who did what, in a chain of hashes that grows and never changes, with Merkle tree hashes over it as
// RFC 6962 (2.1) has them. No secret, no card's answer, no error's text is in it.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace cw::store {

struct AuditEntry {
  std::string actor{};                                         // "user@host", or a node's name
  std::string action{};                                        // "run begun", "budget reset"...
  std::string subject{};                                       // id of a run, identity of a card, name of a key set
  std::vector<std::pair<std::string, std::string>> details{};  // in this order
};

struct AuditRecord {
  int64_t number = 0;  // from 1, without gaps
  int64_t time = 0;    // milliseconds since 1970
  AuditEntry entry{};
  Bytes previous{};  // 32 bytes: hash of the record before; zeros for the first
  Bytes hash{};      // 32 bytes
};

/// The tree over the first `size` records.
struct AuditRoot {
  int64_t size = 0;
  int64_t time = 0;
  Bytes hash{};  // 32 bytes
};

struct AuditProof {
  AuditRecord record{};
  AuditRoot root{};
  std::vector<Bytes> path{};  // RFC 6962 2.1.1
};

class Audit {
 public:
  virtual ~Audit() = default;

  /// Appends; durable on return, but within Database::unhurried() with the next write that is. Raises store.
  virtual AuditRecord add(const AuditEntry& entry) = 0;
  /// Records `from`.. (1: the first), so many of them; 0: all.
  virtual std::vector<AuditRecord> list(int64_t from, int64_t count) = 0;
  /// How many records there are.
  virtual int64_t size() = 0;

  /// The tree's hash now; kept as one that was given away, where anything can be written.
  virtual AuditRoot root() = 0;
  virtual std::vector<AuditRoot> roots() = 0;

  struct Verdict {
    int64_t records = 0;
    std::optional<std::string> broken{};  // the first thing that is wrong: which record, and what
    bool against_root = false;            // a root from outside was given, so a cut tail would have been seen
  };
  /// Follows the whole chain and computes the tree anew; `outside`: roots that were exported before.
  virtual Verdict verify(const std::vector<AuditRoot>& outside) = 0;
  /// Leads to the root that was given away last, or to a new one if the record is younger. Raises usage: no such
  /// record; store: it does not lead there, so something was changed.
  virtual AuditProof prove(int64_t number) = 0;
};

/// SHA-256 over 00 and the record in its canonical form: what the tree's leaf is made of, and the chain's next link.
Bytes hash_of(const AuditRecord& record);
/// Whether the proof leads from its record to its root. Computed without a store.
bool holds(const AuditProof& proof);

/// "cardwright audit root 1 SIZE TIME HASH": a line to be kept elsewhere. Raises usage: not one.
std::string root_text(const AuditRoot& root);
AuditRoot parse_root(std::string_view line);

}  // namespace cw::store
