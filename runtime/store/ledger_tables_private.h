// The tables of the ledgers, as of format 1.
#pragma once

namespace cw::store {

// `entry`: actor, action, subject, details (audit_record_private.h).
inline constexpr const char* kAudit =
    "CREATE TABLE audit (number @number PRIMARY KEY, time @number NOT NULL, previous @bytes NOT NULL, "
    "entry @bytes NOT NULL, hash @bytes NOT NULL)";
// One row: what the next record goes on from.
inline constexpr const char* kAuditHead =
    "CREATE TABLE audit_head (id @number PRIMARY KEY, records @number NOT NULL, hash @bytes NOT NULL, "
    "subtrees @bytes NOT NULL)";
inline constexpr const char* kAuditRoots =
    "CREATE TABLE audit_roots (size @number PRIMARY KEY, time @number NOT NULL, hash @bytes NOT NULL)";

// `charge`, `state`: values of Charge and Outcome.
inline constexpr const char* kCharges =
    "CREATE TABLE charges (id @text PRIMARY KEY, charge @number NOT NULL, state @number NOT NULL, run @text NOT NULL, "
    "time @number NOT NULL)";
inline constexpr const char* kChargesByRun = "CREATE INDEX charges_by_run ON charges (run, state)";
// `counts`: 1, or 0 once it counts no more there.
inline constexpr const char* kChargeAccounts =
    "CREATE TABLE charge_accounts (id @text NOT NULL REFERENCES charges(id), card @text NOT NULL, domain @text NOT "
    "NULL, "
    "version @number NOT NULL, counts @number NOT NULL, PRIMARY KEY (id, card, domain, version))";
inline constexpr const char* kChargeAccountsByCard =
    "CREATE INDEX charge_accounts_by_card ON charge_accounts (card, domain) WHERE counts = 1";

// What was seen of a card.
inline constexpr const char* kBudgetMarks =
    "CREATE TABLE budget_marks (card @text NOT NULL, word @text NOT NULL, PRIMARY KEY (card, word))";

// `held`: until when whoever took it keeps others from it.
inline constexpr const char* kOutbox =
    "CREATE TABLE outbox (parcel @text PRIMARY KEY, run @text NOT NULL, name @text NOT NULL, url @text NOT NULL, "
    "call @bytes NOT NULL, created @number NOT NULL, due @number NOT NULL, tries @number NOT NULL, error @text NOT "
    "NULL, "
    "delivered @number NOT NULL, given_up @number NOT NULL, held @number NOT NULL)";
inline constexpr const char* kOutboxByDue =
    "CREATE INDEX outbox_by_due ON outbox (due, parcel) WHERE delivered = 0 AND given_up = 0";
// As of format 6: a run that ends asks whether it left any.
inline constexpr const char* kOutboxByRun = "CREATE INDEX outbox_by_run ON outbox (run) WHERE delivered = 0";

inline constexpr const char* kRotations =
    "CREATE TABLE rotations (card @text NOT NULL, domain @text NOT NULL, before_set @text NOT NULL, "
    "before_version @number NOT NULL, after_set @text NOT NULL, after_version @number NOT NULL, run @text NOT NULL, "
    "begun @number NOT NULL, decided @text NOT NULL)";
inline constexpr const char* kOpenRotations =
    "CREATE UNIQUE INDEX open_rotations ON rotations (card, domain) WHERE decided = ''";

}  // namespace cw::store
