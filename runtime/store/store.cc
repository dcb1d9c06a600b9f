#include "store/store.h"

#include <array>
#include <map>
#include <mutex>

#include <unistd.h>

#include "base/error.h"
#include "files_private.h"
#include "journal_check_private.h"
#include "owners_private.h"
#include "runs_private.h"
#include "store/ledgers.h"
#include "store/schema.h"
#include "store_check_private.h"

namespace cw::store {

namespace {

constexpr const char* kCanary = "the key of a cardwright store";

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

/// The key, and whether it is the store's own: the first who opens a store seals a few bytes for all who come after.
crypto::SealingKey key_of(Database& db, const StoreOptions& options) {
  if (!options.key && is_postgres(options.where)) {
    throw Error(ErrorKind::usage, "the store " + db.where() +
                                      " needs a key file, the same one on every node: name it with --store-key; "
                                      "(umask 077; openssl rand -hex 32 > store.key) makes one");
  }
  const std::filesystem::path file = options.key.value_or(options.where + ".key");
  const std::string known_as = "SELECT bytes FROM meta WHERE name = 'key'";
  const bool is_new = db.run({known_as, {}}).rows.empty();
  crypto::SealingKey key =
      is_new && options.make && !options.key ? crypto::SealingKey::load_or_make(file) : crypto::SealingKey::load(file);
  if (is_new && db.run({"SELECT id FROM runs LIMIT 1", {}}).rows.empty()) {
    db.run(
        {"INSERT INTO meta (name, bytes) VALUES ('key', $1) ON CONFLICT DO NOTHING", {key.seal(Bytes(16), kCanary)}});
  }
  try {
    const Result known = db.run({known_as, {}});
    if (known.rows.empty()) throw Error(ErrorKind::store, "what tells the right key is gone");
    key.open(bytes(known.rows[0].at(0)), kCanary);
  } catch (const Error& error) {
    throw Error(ErrorKind::store,
                "cannot use the store " + db.where() + ": it is sealed under another key than the one in " +
                    file.string() + "; find the file that was used first, nothing else opens what is in there",
                {}, "key");
  }
  return key;
}

class StoreOnDatabase : public Store {
 public:
  StoreOnDatabase(std::unique_ptr<Database> db, const StoreOptions& options)
      : db_(std::move(db)),
        key_(key_of(*db_, options)),
        node_(options.node.empty() ? host_name() : options.node),
        audit_(make_audit(*db_)),
        budgets_(make_budgets(*db_, *audit_)),
        outbox_(make_outbox(*db_)),
        rotations_(make_rotations(*db_)),
        owners_(make_owners(*db_, *audit_)),
        domains_(make_domains(*db_, *audit_)),
        policies_(make_policies(*db_, *audit_)),
        bundles_(make_bundles(*db_, *audit_)),
        proposals_(make_proposals(*db_, *audit_)),
        runs_(*db_, *audit_, node_, options.lease, options.margin) {}

  const std::string& where() const override { return db_->where(); }
  const std::string& node() const override { return node_; }
  const crypto::SealingKey& key() const override { return key_; }
  Database& database() override { return *db_; }
  Runs& runs() override { return runs_; }
  Budgets& budgets() override { return *budgets_; }
  Audit& audit() override { return *audit_; }
  Outbox& outbox() override { return *outbox_; }
  Rotations& rotations() override { return *rotations_; }
  Versions& policies(const std::string& owner) override {
    return owner.empty() ? *policies_ : of_owner(their_policies_, owner, make_policies);
  }
  Versions& bundles(const std::string& owner) override {
    return owner.empty() ? *bundles_ : of_owner(their_bundles_, owner, make_bundles);
  }
  Owners& owners() override { return *owners_; }
  Domains& domains() override { return *domains_; }
  Proposals& proposals() override { return *proposals_; }
  bool keep_file(const std::string& sha256) override { return store::keep_file(*db_, sha256); }
  void put_file(const std::string& sha256, ByteView sealed) override { store::put_file(*db_, sha256, sealed); }
  std::optional<Bytes> file(const std::string& sha256) override { return get_file(*db_, sha256); }
  Check check() override { return check_store(*this); }
  JournalCheck check_journals() override { return store::check_journals(*this); }

 private:
  using Theirs = std::map<std::string, std::unique_ptr<Versions>>;

  /// From the first time on that they are asked for.
  template <typename Make>
  Versions& of_owner(Theirs& all, const std::string& owner, const Make& make) {
    const std::lock_guard lock(their_mutex_);
    std::unique_ptr<Versions>& one = all[owner];
    if (!one) {
      want_owner(*db_, owner);
      one = make(*db_, *audit_, owner);
    }
    return *one;
  }

  std::unique_ptr<Database> db_;
  crypto::SealingKey key_;
  std::string node_;
  std::unique_ptr<Audit> audit_;
  std::unique_ptr<Budgets> budgets_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Rotations> rotations_;
  std::unique_ptr<Owners> owners_;
  std::unique_ptr<Domains> domains_;
  std::unique_ptr<Versions> policies_;
  std::unique_ptr<Versions> bundles_;
  std::unique_ptr<Proposals> proposals_;
  RunsOnDatabase runs_;
  std::mutex their_mutex_;
  Theirs their_policies_{}, their_bundles_{};
};

}  // namespace

std::shared_ptr<Store> Store::open(const StoreOptions& options) {
  if (options.margin * 2 > options.lease) {
    throw Error(ErrorKind::usage, "the margin of a lease has to be less than half of its length");
  }
  std::unique_ptr<Database> db = open_database(options.where, options.make, options.or_read, options.patience);
  bring_up(*db, formats(), options.make, options.migrate);
  return std::make_shared<StoreOnDatabase>(std::move(db), options);
}

}  // namespace cw::store
