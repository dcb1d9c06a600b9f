// The tables of versions, as of format 2; since format 3 they hold bundles, too.
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

}  // namespace cw::store
