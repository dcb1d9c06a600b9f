#include "app/counted_run.h"

#include "app/moment.h"
#include "app/operator_name.h"
#include "journal/key_watch_store.h"
#include "journal/store_budget.h"

namespace cw::app {

/// Keys that are used are written to the audit, too: there is no journal that does it.
class CountedRun::Watch : public engine::KeyWatch {
 public:
  Watch(store::Store& store, std::string id)
      : store_(store), id_(std::move(id)), kept_(store.rotations(), id_, now_ms) {}

  const std::string& id() const { return id_; }
  void about_to_put_keys(const Place& place, const Keys& before, const Keys& after) override {
    kept_.about_to_put_keys(place, before, after);
  }
  void channel_opened(const Place& place, const Keys& keys) override {
    kept_.channel_opened(place, keys);
    audit("key used", {{"keys", keys.set}, {"version", std::to_string(keys.version)}, {"card", place.card}});
  }
  void audit(const std::string& action, const std::vector<std::pair<std::string, std::string>>& details) {
    store_.audit().add({operator_name(), action, id_, details});
  }

 private:
  store::Store& store_;
  std::string id_;
  journal::StoreKeyWatch kept_;
};

CountedRun::CountedRun(std::shared_ptr<store::Store> store, const std::string& command, const std::string& card,
                       const engine::Policy& policy)
    : store_(std::move(store)),
      watch_(std::make_unique<Watch>(*store_, store::new_run_id())),
      ledger_(std::make_shared<journal::StoreBudget>(store_, watch_->id(), operator_name())) {
  watch_->audit(command + " begun", {{"card", card}, {"policy", policy.name()}, {"policy_hash", policy.hash()}});
}

CountedRun::~CountedRun() = default;

engine::KeyWatch& CountedRun::key_watch() { return *watch_; }

void CountedRun::join(engine::RunSetup& setup) {
  setup.ledger = ledger_;
  setup.key_watch = watch_.get();
}

}  // namespace cw::app
