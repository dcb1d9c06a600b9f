// For stories about a whole store: opening one as a node, and beginning runs in it.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "base/hex.h"
#include "engines.h"
#include "store/store.h"

namespace cw::store {

class OnStore : public OnEngine {
 protected:
  void SetUp() override {
    OnEngine::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write_file_atomically(folder() / "store.key", view(std::string(64, '7')), true);
  }

  StoreOptions options(const std::string& node = "here") const {
    StoreOptions out;
    out.where = where();
    out.key = folder() / "store.key";
    out.node = node;
    return out;
  }
  std::shared_ptr<Store> open(const std::string& node = "here") const { return Store::open(options(node)); }
  /// One whose leases last so many milliseconds.
  std::shared_ptr<Store> open_brief(const std::string& node, int lease, int margin) const {
    StoreOptions out = options(node);
    out.lease = std::chrono::milliseconds(lease);
    out.margin = std::chrono::milliseconds(margin);
    return Store::open(out);
  }

  static RunRow a_run(const std::string& flow) {
    RunRow row;
    row.flow = flow;
    row.card = "sim";
    return row;
  }
  static Bytes key_of_run() { return to_bytes("sealed key"); }
  static Lease begin(Store& store) {
    RunRow row = a_run("demo/install");
    row.id = new_run_id();
    const Bytes key = store.key().seal(crypto::SealingKey::random(), run_key_context(row.id));
    return store.runs().create(row, key, to_bytes("first"));
  }
  /// With a frame that opens.
  static Lease begin_sealed(Store& store) {
    RunRow row = a_run("demo/install");
    row.id = new_run_id();
    const crypto::SealingKey key = crypto::SealingKey::random();
    return store.runs().create(row, store.key().seal(key, run_key_context(row.id)),
                               key.seal(to_bytes("first"), frame_context(0)));
  }
  /// The frame that comes next, sealed as it should be.
  static Bytes next_frame(Store& store, const Lease& lease, const std::string& text) {
    const crypto::SealingKey key = store.key().open_key(store.runs().key(lease.run()), run_key_context(lease.run()));
    return key.seal(view(text), frame_context(lease.next));
  }
  /// As format 6 found the tables.
  static void before_domains(Database& old) {
    old.run({"DROP INDEX outbox_by_run", {}});
    for (const char* table :
         {"domains", "messages_seen", "authorities", "certificates", "provider_states", "consents"}) {
      old.run({std::string("DROP TABLE ") + table, {}});
    }
    for (const char* column : {"organisation", "contact", "remarks"}) {
      old.run({std::string("ALTER TABLE owners DROP COLUMN ") + column, {}});
    }
  }
  /// As format 5 found the tables.
  static void before_owners(Database& old) {
    before_domains(old);
    for (const char* table : {"cards", "owners"}) old.run({std::string("DROP TABLE ") + table, {}});
    old.run({"DROP INDEX runs_by_owner", {}});
    for (const char* column : {"owner", "owner_policy", "owner_policy_hash"}) {
      old.run({std::string("ALTER TABLE runs DROP COLUMN ") + column, {}});
    }
    old.run({"ALTER TABLE runs RENAME COLUMN holder TO owner", {}});
  }

  /// For take(): whoever has to wait gives up.
  static bool never(std::chrono::milliseconds) { return false; }
  static bool always(std::chrono::milliseconds) { return true; }
};

}  // namespace cw::store
