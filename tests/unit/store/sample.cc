#include "sample.h"

#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::store {

namespace {

Lease begin(Store& store, const std::string& flow, const std::vector<std::string>& files) {
  RunRow row;
  row.id = new_run_id();
  row.flow = flow;
  row.card = "sim";
  row.files = files;
  const crypto::SealingKey key = crypto::SealingKey::random();
  return store.runs().create(row, store.key().seal(key, run_key_context(row.id)),
                             key.seal(to_bytes("first frame"), frame_context(0)));
}

Bytes next_frame(Store& store, const Lease& lease, const std::string& text) {
  const crypto::SealingKey key = store.key().open_key(store.runs().key(lease.run()), run_key_context(lease.run()));
  return key.seal(view(text), frame_context(lease.next));
}

}  // namespace

void fill(Store& store) {
  const Bytes file = to_bytes("return {}");
  const std::string name = to_hex(crypto::digest(crypto::Hash::sha256, file));
  store.put_file(name, store.key().seal(file, file_context(name)));

  Lease done = begin(store, "demo/install", {name});
  store.audit().add({"ada@desk", "run begun", done.run(), {{"flow", "demo/install"}}});
  RunChange change;
  change.state = RunState::done;
  change.card_id = "CA4D01";
  change.record = {"ada@desk", "run ended", done.run(), {{"state", "done"}}};
  store.runs().append(done, next_frame(store, done, "second frame"), change);
  store.runs().release(done);
  const Lease held = begin(store, "demo/inventory", {});
  store.audit().add({"ada@desk", "run begun", held.run(), {{"flow", "demo/inventory"}}});
  store.audit().root();
  // As its next frame would.
  store.database().run(
      {"INSERT INTO run_keys (run, name, version) VALUES ($1, 'isd', $2)", {held.run(), int64_t{0x30}}});

  const std::vector<Account> isd = {{"CA4D01", "", 0x30}};
  store.budgets().charge("charge 1", Charge::authentication, isd, {}, done.run());
  store.budgets().settle("charge 1", Outcome::refused);
  store.budgets().charge("charge 2", Charge::content, {{"CA4D01", "A000000151000001", 0x31}}, {}, done.run());
  store.budgets().settle("charge 2", Outcome::lost);
  store.budgets().mark("CA4D01", "seen");

  Parcel parcel;
  parcel.key = "parcel 1";
  parcel.run = held.run();
  parcel.name = "result";
  parcel.url = "https://backend.example/results";
  parcel.call = to_bytes("sealed call");
  store.outbox().put(parcel);
  Rotation rotation;
  rotation.card = "CA4D01";
  rotation.before = {"isd", 0x30};
  rotation.after = {"isd.new", 0x31};
  rotation.run = done.run();
  store.rotations().begin(rotation);

  // Put in without a record, so that the audit is what the stories count on.
  store.database().run_all(
      {{"INSERT INTO owners (name, since, added_by, organisation, contact, remarks) VALUES ('acme', 1, 'ada@desk', "
        "'Acme Inc.', 'Ada', 'since May')",
        {}},
       {"INSERT INTO provider_states (owner, number, state, since, changed_by, why, valid_from, valid_until) VALUES "
        "('acme', 1, 'approved', 1, 'ada@desk', 'contract 7', 1, 0), ('acme', 2, 'suspended', 2, 'bob@desk', "
        "'unpaid', 1, 0)",
        {}},
       {"INSERT INTO consents (id, card, domain, provider, run, asked, asked_by, expires, decided, decided_by, "
        "outcome, "
        "why) VALUES ('c0', 'CA4D01', 'F063617264770001', 'acme', 'r0', 1, 'ada@desk', 3, 2, 'bob@desk', 'given', "
        "'moved')",
        {}},
       {"INSERT INTO domains (card, aid, se_id, owner, issuer, management, state, keys, version, since, changed, run, "
        "told, told_at) VALUES ('CA4D01', 'F063617264770001', 'CA4D01', 'acme', 'https://issuer.test/', 'delegated', "
        "'present', 'acme/sd', 48, 1, 2, 'r0', 'RESETED', 3)",
        {}},
       {"INSERT INTO authorities (name, serial, key, crl_url, ocsp_url, list_number, list, list_made, list_until, "
        "revocations, list_revocations) VALUES ('root', '01', 'ca', '', '', 1, $1, 2, 3, 1, 0)",
        {to_bytes("list")}},
       {"INSERT INTO certificates (serial, authority, profile, subject, owner, chip, domain, key_id, key_version, "
        "not_before, not_after, issued, issued_by, revoked, reason, replaced_by, key_hash, der) VALUES ('02', 'root', "
        "'device', 'CN=device', 'acme', '', '', 0, 0, 1, 2, 3, 'ada@desk', 4, 'keyCompromise', '03', 'AB', $1)",
        {to_bytes("der")}},
       {"INSERT INTO messages_seen (sender, nonce, until) VALUES ('issuer', 'n1', 4)", {}},
       {"INSERT INTO in_use (what, number, canary) VALUES ('policy/acme', 0, 0), ('bundle/acme', 0, 0)", {}},
       {"INSERT INTO cards (card, owner, since, given_by) VALUES ('CA4D01', 'acme', 2, 'ada@desk')", {}}});
  const std::string text = "return {}";
  const std::string hash = to_hex(crypto::digest(crypto::Hash::sha256, view(text)));
  store.database().run_all(
      {{"INSERT INTO versions (what, hash, name, origin, content, loaded, loaded_by, discarded) "
        "VALUES ('policy', $1, 'careful', 'careful.lua', $2, 1, 'ada@desk', 0)",
        {hash, store.key().seal(view(text), version_context(hash))}},
       {"INSERT INTO uses (what, number, hash, since, used_by, reason) VALUES ('policy', 1, $1, 1, 'ada@desk', '')",
        {hash}},
       {"UPDATE in_use SET number = 1 WHERE what = 'policy'", {}},
       {"INSERT INTO canaries (what, number, hash, share, begun, begun_by, reason, good, bad, others_good, others_bad, "
        "ended, ended_by, how, why) VALUES ('policy', 1, $1, 5000, 1, 'ada@desk', '', 12, 3, 70, 0, 2, 'bob@desk', "
        "'rolled back', 'enough')",
        {hash}},
       {"INSERT INTO canary_runs (run, what, number, is_canary) VALUES ($1, 'policy', 1, 1)", {held.run()}},
       {"INSERT INTO proposals (id, what, action, hash, share, reason, made, made_by, expires, decided, decided_by, "
        "outcome) VALUES ('01m8b8rp08hw9e2wcrg1', 'policy', 'use', $1, 0, '', 1, 'ada@desk', 2, 0, '', '')",
        {hash}}});
}

}  // namespace cw::store
