#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "files_private.h"
#include "owners_private.h"
#include "store/database.h"
#include "store/schema.h"
#include "store/versions.h"
#include "store_check_private.h"

namespace cw::store {

namespace {

/// Each opens, and in its place. Raises store.
void check_frames(Runs& runs, const std::string& id, const crypto::SealingKey& key) {
  const std::vector<Bytes> frames = runs.frames(id);
  for (size_t i = 0; i < frames.size(); ++i) {
    try {
      key.open(frames[i], frame_context(static_cast<int64_t>(i)));
    } catch (const Error&) {
      throw Error(ErrorKind::store, "frame " + std::to_string(i) + " of run " + id +
                                        " does not open: it was changed from outside, and the run cannot be read");
    }
  }
}

int64_t count(Database& db, const std::string& table) {
  return number(db.run({"SELECT COUNT(*) FROM " + table, {}}).rows.at(0).at(0));
}

/// Raises store: it does not open, or holds something else than its name says.
void check_file(Database& db, const crypto::SealingKey& key, const std::string& sha256) {
  const Bytes content = key.open(get_file(db, sha256).value_or(Bytes()), file_context(sha256));
  if (to_hex(crypto::digest(crypto::Hash::sha256, content)) != sha256) {
    throw Error(ErrorKind::store, "file " + sha256 + " holds something else than its name says");
  }
}

/// Raises store: it does not open, or holds something else than its name says.
void check_version(Database& db, const crypto::SealingKey& key, const Row& name) {
  const std::string &what = text(name.at(0)), &hash = text(name.at(1));
  const auto [kind, owner] = scope_from(what);
  const Result found = db.run({"SELECT content FROM versions WHERE what = $1 AND hash = $2", {what, hash}});
  std::string holds;
  try {
    const Bytes content = key.open(bytes(found.rows.at(0).at(0)), version_context(hash));
    if (kind == "bundle") return;  // its hash is of the scripts in the file, and whoever reads that compares
    holds = to_hex(crypto::digest(crypto::Hash::sha256, content));
  } catch (const Error&) {
    holds = "nothing that opens";
  }
  if (holds == hash) return;
  throw Error(ErrorKind::store, what + " " + hash +
                                    " does not hold what its name says: it was changed from outside; "
                                    "load its file again, after cardwright " +
                                    kind + " discard" + (owner.empty() ? "" : " --owner " + owner));
}

/// Raises store: what is in use is not what was used last, or it or the canary beside it is not there.
void check_uses(Database& db) {
  const Result wrong = db.run(
      {"SELECT what FROM in_use WHERE number <> (SELECT COALESCE(MAX(uses.number), 0) FROM uses WHERE uses.what = "
       "in_use.what) OR (number > 0 AND NOT EXISTS (SELECT 1 FROM uses JOIN versions ON versions.what = uses.what AND "
       "versions.hash = uses.hash WHERE uses.what = in_use.what AND uses.number = in_use.number AND "
       "versions.discarded = 0)) OR (canary > 0 AND NOT EXISTS (SELECT 1 FROM canaries JOIN versions ON versions.what "
       "= "
       "canaries.what AND versions.hash = canaries.hash WHERE canaries.what = in_use.what AND canaries.number = "
       "in_use.canary AND canaries.ended = 0 AND versions.discarded = 0))",
       {}});
  if (wrong.rows.empty()) return;
  throw Error(ErrorKind::store, "which " + text(wrong.rows[0].at(0)) +
                                    " is in use was changed from outside; look into cardwright audit list for the one "
                                    "that is to be, and use that one");
}

/// Raises store: what one is stands nowhere.
void check_owners(Database& db) {
  const Result wrong = db.run(
      {"SELECT name FROM owners WHERE NOT EXISTS (SELECT 1 FROM provider_states WHERE owner = name) ORDER BY name",
       {}});
  if (wrong.rows.empty()) return;
  throw Error(ErrorKind::store, "what owner " + text(wrong.rows[0].at(0)) +
                                    " is stands nowhere: the store was changed from outside, so bring back a copy of "
                                    "it");
}

}  // namespace

Store::Check check_store(Store& store) {
  Database& db = store.database();
  const crypto::SealingKey& key = store.key();
  Runs& runs = store.runs();
  Store::Check out;
  // What is broken in one place does not keep the rest from being read.
  const auto part = [&](const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.cause() == "gone") throw;
      out.broken.push_back(error.message());
    }
  };

  part([&] { out.broken = db.check(); });
  part([&] { out.format = format_of(db); });
  part([&] { out.runs = count(db, "runs"); });
  part([&] { out.frames = count(db, "frames"); });
  part([&] { out.files = count(db, "files"); });

  part([&] {
    const Result states = db.run({"SELECT state, COUNT(*) FROM runs GROUP BY state ORDER BY state", {}});
    for (const Row& row : states.rows) out.states.emplace_back(text(row.at(0)), number(row.at(1)));
  });

  Result ids, files, versions, missing;
  part([&] { ids = db.run({"SELECT id FROM runs ORDER BY id", {}}); });
  for (const Row& row : ids.rows) {
    const std::string& id = text(row[0]);
    part([&] { runs.find(id); });
    part([&] {
      const Bytes sealed = runs.key(id);
      try {
        const crypto::SealingKey run_key = key.open_key(sealed, run_key_context(id));
        part([&] { check_frames(runs, id, run_key); });
      } catch (const Error& error) {
        out.broken.push_back("the key of run " + id +
                             " does not open: its row was changed from outside, and what it "
                             "holds cannot be read any more");
      }
    });
  }
  part([&] { check_uses(db); });
  part([&] { check_owners(db); });
  part([&] { versions = db.run({"SELECT what, hash FROM versions WHERE discarded = 0", {}}); });
  for (const Row& row : versions.rows) {
    part([&] { check_version(db, key, row); });
  }
  part([&] { files = db.run({"SELECT sha256 FROM files", {}}); });
  for (const Row& row : files.rows) {
    part([&] { check_file(db, key, text(row[0])); });
  }
  part([&] {
    missing =
        db.run({"SELECT run, sha256 FROM run_files WHERE NOT EXISTS "
                "(SELECT 1 FROM files WHERE files.sha256 = run_files.sha256)",
                {}});
  });
  for (const Row& row : missing.rows) {
    out.broken.push_back("run " + text(row[0]) + " needs file " + text(row[1]) + ", which is not in the store");
  }
  part([&] {
    const Audit::Verdict verdict = store.audit().verify({});
    out.audit_records = verdict.records;
    if (verdict.broken) out.broken.push_back("audit: " + *verdict.broken);
  });
  part([&] {
    for (const std::string& line : store.check_journals().broken) out.broken.push_back(line);
  });
  return out;
}

}  // namespace cw::store
