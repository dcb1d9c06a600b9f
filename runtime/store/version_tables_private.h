// The tables of versions, as of format 2; since format 3 they hold bundles, too, and since format 4 there are canaries
// and proposals.
#pragma once

namespace cw::store {

// `what`: the thing there are versions of, "policy" or "bundle". `discarded`: when, or 0; the content is empty then.
inline constexpr const char* kVersions =
    "CREATE TABLE versions (what @text NOT NULL, hash @text NOT NULL, name @text NOT NULL, origin @text NOT NULL, "
    "content @bytes NOT NULL, loaded @number NOT NULL, loaded_by @text NOT NULL, discarded @number NOT NULL, "
    "PRIMARY KEY (what, hash))";
inline constexpr const char* kUses =
    "CREATE TABLE uses (what @text NOT NULL, number @number NOT NULL, hash @text NOT NULL, since @number NOT NULL, "
    "used_by @text NOT NULL, reason @text NOT NULL, PRIMARY KEY (what, number))";
// One row for each thing, from the beginning on, so that there is something to lock. `number` of the use; 0: there was
// none yet.
inline constexpr const char* kInUse = "CREATE TABLE in_use (what @text PRIMARY KEY, number @number NOT NULL)";
inline constexpr const char* kNoPolicyInUse = "INSERT INTO in_use (what, number) VALUES ('policy', 0)";
inline constexpr const char* kNoBundleInUse = "INSERT INTO in_use (what, number) VALUES ('bundle', 0)";

// `canary`: number of the one that is under way; 0: none is.
inline constexpr const char* kInUseCanary = "ALTER TABLE in_use ADD COLUMN canary @number NOT NULL DEFAULT 0";
// `share`: of the runs, in 100,000ths. What came of runs of the canary and of those beside it. `how`: it ended, or
// empty.
inline constexpr const char* kCanaries =
    "CREATE TABLE canaries (what @text NOT NULL, number @number NOT NULL, hash @text NOT NULL, share @number NOT NULL, "
    "begun @number NOT NULL, begun_by @text NOT NULL, reason @text NOT NULL, good @number NOT NULL, bad @number NOT "
    "NULL, others_good @number NOT NULL, others_bad @number NOT NULL, ended @number NOT NULL, ended_by @text NOT NULL, "
    "how @text NOT NULL, why @text NOT NULL, PRIMARY KEY (what, number))";
// Runs that began while a canary was under way, until they are counted. `is_canary`: 1, or 0 for one beside it.
inline constexpr const char* kCanaryRuns =
    "CREATE TABLE canary_runs (run @text NOT NULL REFERENCES runs(id), what @text NOT NULL, number @number NOT NULL, "
    "is_canary @number NOT NULL, PRIMARY KEY (run, what))";

// What one operator wants and another has to approve. `outcome`: what became of it, or empty.
inline constexpr const char* kProposals =
    "CREATE TABLE proposals (id @text PRIMARY KEY, what @text NOT NULL, action @text NOT NULL, hash @text NOT NULL, "
    "share @number NOT NULL, reason @text NOT NULL, made @number NOT NULL, made_by @text NOT NULL, expires @number NOT "
    "NULL, decided @number NOT NULL, decided_by @text NOT NULL, outcome @text NOT NULL)";

}  // namespace cw::store
