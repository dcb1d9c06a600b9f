#include "store/schema.h"

#include <algorithm>

#include "base/error.h"
#include "certificate_tables_private.h"
#include "consent_tables_private.h"
#include "domain_tables_private.h"
#include "ledger_tables_private.h"
#include "owner_tables_private.h"
#include "provider_tables_private.h"
#include "version_tables_private.h"

namespace cw::store {

namespace {

// One row per fact about the store itself.
constexpr const char* kMeta = "CREATE TABLE meta (name @text PRIMARY KEY, number @number, bytes @bytes)";

// `frames`: how many there are, so also the number of the next. `fence` grows with every holder, `beat` with every sign
// of life. `owner`: the process that holds it, empty for nobody (since format 5 it is `holder`); `lease_ms`: how long
// it holds it without a sign of life.
constexpr const char* kRuns =
    "CREATE TABLE runs ("
    "id @text PRIMARY KEY, state @text NOT NULL, flow @text NOT NULL, card @text NOT NULL, card_id @text NOT NULL, "
    "flavor @text NOT NULL, bundle @text NOT NULL, policy @text NOT NULL, policy_hash @text NOT NULL, "
    "node @text NOT NULL, created @number NOT NULL, changed @number NOT NULL, wake @number NOT NULL, "
    "attempts @number NOT NULL, frames @number NOT NULL, error @text NOT NULL, stop_asked @number NOT NULL, "
    "key @bytes NOT NULL, owner @text NOT NULL, fence @number NOT NULL, beat @number NOT NULL, "
    "lease_ms @number NOT NULL)";

constexpr const char* kFrames =
    "CREATE TABLE frames (run @text NOT NULL REFERENCES runs(id), number @number NOT NULL, fence @number NOT NULL, "
    "content @bytes NOT NULL, PRIMARY KEY (run, number))";

// `used`: when it was last put in, in milliseconds since 1970.
constexpr const char* kFiles =
    "CREATE TABLE files (sha256 @text PRIMARY KEY, content @bytes NOT NULL, used @number NOT NULL)";
constexpr const char* kRunFiles =
    "CREATE TABLE run_files (run @text NOT NULL REFERENCES runs(id), sha256 @text NOT NULL, PRIMARY KEY (run, sha256))";

// Keys that a run which is not over has used or may go on with. `name`: of the key set in custody; `version`: 0, it is
// the set's own.
constexpr const char* kRunKeys =
    "CREATE TABLE run_keys (run @text NOT NULL REFERENCES runs(id), name @text NOT NULL, version @number NOT NULL, "
    "PRIMARY KEY (run, name, version))";

bool has(const std::vector<std::string>& tables, const char* name) {
  return std::find(tables.begin(), tables.end(), name) != tables.end();
}

}  // namespace

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {1,
       {
           kMeta,
           kRuns,
           "CREATE INDEX runs_by_state ON runs (state, changed)",
           "CREATE INDEX runs_by_card ON runs (card_id)",
           kFrames,
           kFiles,
           kRunFiles,
           "CREATE INDEX run_files_by_file ON run_files (sha256)",
           kAudit,
           kAuditHead,
           kAuditRoots,
           kCharges,
           kChargesByRun,
           kChargeAccounts,
           kChargeAccountsByCard,
           kBudgetMarks,
           kOutbox,
           kOutboxByDue,
           kRotations,
           kOpenRotations,
       }},
      {2,
       {
           kRunKeys,
           "CREATE INDEX run_keys_by_name ON run_keys (name)",
           kVersions,
           kUses,
           kInUse,
           kNoPolicyInUse,
           "CREATE INDEX runs_by_policy ON runs (policy_hash) WHERE state IN ('running', 'waiting', 'stuck')",
       }},
      {3,
       {
           kNoBundleInUse,
           "CREATE INDEX runs_by_bundle ON runs (bundle) WHERE state IN ('running', 'waiting', 'stuck')",
       }},
      {4,
       {
           kInUseCanary,
           kCanaries,
           kCanaryRuns,
           kProposals,
           "CREATE INDEX runs_by_time ON runs (created, flow)",
       }},
      {5,
       {
           kRunsHolder,
           kRunsOwner,
           kRunsOwnerPolicy,
           kRunsOwnerPolicyHash,
           "CREATE INDEX runs_by_owner ON runs (owner, created) WHERE owner <> ''",
           kOwners,
           kCards,
           kCardsByOwner,
       }},
      {6,
       {
           kDomains,
           kDomainsBySeId,
           kDomainsByAid,
           kMessagesSeen,
           kMessagesSeenByEnd,
           kOutboxByRun,
           kOwnersOrganisation,
           kOwnersContact,
           kOwnersRemarks,
           kProviderStates,
           kOwnersApproved,
           kConsents,
           kConsentsByDomain,
           kAuthorities,
           kCertificates,
           kCertificatesByAuthority,
           kCertificatesByOwner,
           kCertificatesBySubject,
           kCertificatesByKey,
       }},
  };
  return all;
}

int64_t format_of(Database& db) {
  const std::vector<std::string> tables = db.tables();
  if (tables.empty()) return 0;
  if (!has(tables, "meta")) {
    throw Error(ErrorKind::store, "cannot use the store " + db.where() +
                                      ": it has tables, but not those of cardwright; name an empty database, or a file "
                                      "that is not there yet");
  }
  const Result found = db.run({"SELECT number FROM meta WHERE name = $1", {"format"}});
  if (found.rows.size() != 1) {
    throw Error(ErrorKind::store,
                "cannot use the store " + db.where() +
                    ": it does not say which format it has; it was changed from outside, so bring back a copy of it",
                {}, "corrupt");
  }
  return number(found.rows[0][0]);
}

int64_t bring_up(Database& db, const std::vector<Format>& known, bool make, bool migrate) {
  const int64_t newest = known.back().number;
  const auto refuse = [&](int64_t found) {
    const std::string place = "cannot use the store " + db.where() + ": ";
    if (found > newest) {
      throw Error(ErrorKind::store,
                  place + "it has format " + std::to_string(found) +
                      ", written by a newer cardwright; this one reads " + "formats up to " + std::to_string(newest) +
                      ", so use that one",
                  {}, "newer");
    }
    if (found == 0 && !make) {
      throw Error(ErrorKind::store, place + "it has no tables yet; a run with --store makes them", {}, "older");
    }
    if (found != 0 && found < newest && !migrate) {
      throw Error(ErrorKind::store,
                  place + "it has format " + std::to_string(found) + ", and this cardwright wants format " +
                      std::to_string(newest) + "; make a copy of it, then run cardwright store migrate",
                  {}, "older");
    }
  };

  int64_t found = format_of(db);
  refuse(found);
  if (found == newest) return found;
  db.transact([&] {
    db.lock("tables");
    found = format_of(db);  // another process may have been faster
    refuse(found);
    for (const Format& format : known) {
      if (format.number <= found) continue;
      for (const std::string& statement : format.statements) db.run({statement, {}});
      db.run({"INSERT INTO meta (name, number) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET number = $2",
              {"format", format.number}});
    }
  });
  return found;
}

}  // namespace cw::store
