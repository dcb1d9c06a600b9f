#include <algorithm>

#include "copy_tables_private.h"

namespace cw::store {

namespace {

constexpr int64_t kMany = 500;
constexpr int64_t kFew = 4;  // of what may be large

std::string listed(const std::vector<std::string>& names, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ", ") + names[i];
  return out;
}

std::string placeholders(size_t count) {
  std::string out;
  for (size_t i = 1; i <= count; ++i) out += (i == 1 ? "$" : ", $") + std::to_string(i);
  return out;
}

}  // namespace

const std::vector<CopiedTable>& copied_tables() {
  static const std::vector<CopiedTable> all = {
      {"meta", {"name", "number", "bytes"}, 1, kMany},
      {"runs",
       {"id",      "state",      "flow",   "card",         "card_id",
        "flavor",  "bundle",     "policy", "policy_hash",  "node",
        "created", "changed",    "wake",   "attempts",     "frames",
        "error",   "stop_asked", "key",    "holder",       "fence",
        "beat",    "lease_ms",   "owner",  "owner_policy", "owner_policy_hash"},
       1,
       kMany},
      {"frames", {"run", "number", "fence", "content"}, 2, kMany},
      {"files", {"sha256", "content", "used"}, 1, kFew},
      {"run_files", {"run", "sha256"}, 2, kMany},
      {"run_keys", {"run", "name", "version"}, 3, kMany},
      {"audit", {"number", "time", "previous", "entry", "hash"}, 1, kMany},
      {"audit_head", {"id", "records", "hash", "subtrees"}, 1, kMany},
      {"audit_roots", {"size", "time", "hash"}, 1, kMany},
      {"charges", {"id", "charge", "state", "run", "time"}, 1, kMany},
      {"charge_accounts", {"id", "card", "domain", "version", "counts"}, 4, kMany},
      {"budget_marks", {"card", "word"}, 2, kMany},
      {"outbox",
       {"parcel", "run", "name", "url", "call", "created", "due", "tries", "error", "delivered", "given_up", "held"},
       1,
       kMany},
      {"rotations",
       {"card", "domain", "before_set", "before_version", "after_set", "after_version", "run", "begun", "decided"},
       0,
       0},
      {"versions", {"what", "hash", "name", "origin", "content", "loaded", "loaded_by", "discarded"}, 2, kMany},
      {"uses", {"what", "number", "hash", "since", "used_by", "reason"}, 2, kMany},
      {"in_use", {"what", "number", "canary"}, 1, kMany},
      {"canaries",
       {"what", "number", "hash", "share", "begun", "begun_by", "reason", "good", "bad", "others_good", "others_bad",
        "ended", "ended_by", "how", "why"},
       2,
       kMany},
      {"canary_runs", {"run", "what", "number", "is_canary"}, 2, kMany},
      {"proposals",
       {"id", "what", "action", "hash", "share", "reason", "made", "made_by", "expires", "decided", "decided_by",
        "outcome"},
       1,
       kMany},
      {"owners", {"name", "since", "added_by", "organisation", "contact", "remarks"}, 1, kMany},
      {"consents",
       {"id", "card", "domain", "provider", "run", "asked", "asked_by", "expires", "decided", "decided_by", "outcome",
        "why"},
       1,
       kMany},
      {"provider_states",
       {"owner", "number", "state", "since", "changed_by", "why", "valid_from", "valid_until"},
       2,
       kMany},
      {"cards", {"card", "owner", "since", "given_by"}, 1, kMany},
      {"domains",
       {"card", "aid", "se_id", "owner", "issuer", "management", "state", "keys", "version", "since", "changed", "run",
        "told", "told_at"},
       2,
       kMany},
      {"messages_seen", {"sender", "nonce", "until"}, 2, kMany},
      {"authorities",
       {"name", "serial", "key", "crl_url", "ocsp_url", "list_number", "list", "list_made", "list_until", "revocations",
        "list_revocations"},
       1,
       kFew},
      {"certificates",
       {"serial", "authority", "profile", "subject", "owner", "chip", "domain", "key_id", "key_version", "not_before",
        "not_after", "issued", "issued_by", "revoked", "reason", "replaced_by", "key_hash", "der"},
       1,
       kMany},
  };
  return all;
}

Statement next_rows(const CopiedTable& table, const Row& after) {
  const std::string keys = listed(table.columns, table.keys);
  std::string sql = "SELECT " + listed(table.columns, table.columns.size()) + " FROM " + table.name;
  if (table.keys == 0) return {sql, {}};
  if (!after.empty()) sql += " WHERE (" + keys + ") > (" + placeholders(table.keys) + ")";
  sql += " ORDER BY " + keys + " LIMIT " + std::to_string(table.at_once);
  return {sql, Row(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(std::min(after.size(), table.keys)))};
}

Statement insert_row(const CopiedTable& table, const Row& row) {
  return {"INSERT INTO " + table.name + " (" + listed(table.columns, table.columns.size()) + ") VALUES (" +
              placeholders(table.columns.size()) + ")",
          row};
}

bool is_copied(const CopiedTable& table, const Row& row) { return table.name != "meta" || text(row.at(0)) != "format"; }

}  // namespace cw::store
