#include "app/durable_run.h"

#include <iostream>

#include "app/moment.h"
#include "app/operator_name.h"
#include "app/policy_source.h"
#include "engine/owner_keys.h"
#include "journal/store_budget.h"

namespace cw::app {

namespace {

/// As the store counts them. `owner`: whose runs; absent: all.
void add_quotas(const std::vector<engine::Quota>& quotas, const std::optional<std::string>& owner,
                std::vector<store::Quota>& out) {
  constexpr int64_t kHour = 3'600'000;
  for (const engine::Quota& quota : quotas) {
    using Of = engine::Quota::Of;
    const int64_t window = quota.of == Of::hour ? kHour : quota.of == Of::day ? 24 * kHour : 0;
    out.push_back({quota.flows, quota.runs, window, quota.place + " allows " + quota.text(), owner});
  }
}

std::vector<store::Quota> quotas_of(const engine::Policy& policy, const std::string& owner) {
  std::vector<store::Quota> out;
  add_quotas(policy.quotas(), {}, out);
  if (owner.empty()) return out;
  add_quotas(policy.grant(owner).quotas, owner, out);
  if (policy.under()) add_quotas(policy.under()->quotas(), owner, out);
  return out;
}

void note_refused(store::Store& store, const engine::RunSetup& setup, const std::string& run, const Error& error) {
  store::AuditEntry entry{
      operator_name(),
      "refused",
      run,
      {{"what", "the run"}, {"flow", setup.flow_name}, {"policy", setup.policy->name()}, {"because", error.message()}}};
  if (!setup.owner.empty()) entry.details.emplace_back("owner", setup.owner);
  store.audit().add(entry);
}

/// The operator's policy of `setup`, and under it the one that the run's owner has in use.
std::shared_ptr<const engine::Policy> with_owners(store::Store& store, const engine::RunSetup& setup,
                                                  const std::string& subject) {
  if (setup.owner.empty()) return setup.policy;
  const std::string hash = store.policies(setup.owner).for_run(subject);
  return setup.policy->over(hash.empty() ? nullptr : stored_policy(store, hash, *setup.bundle, setup.owner),
                            setup.owner);
}

std::unique_ptr<journal::StoreJournal> begun(const std::shared_ptr<store::Store>& store, engine::RunSetup& setup,
                                             const journal::Origin& origin, journal::RunAhead ahead,
                                             BundleInUse* follows) {
  if (follows != nullptr) ahead.bundle = setup.bundle->base();
  if (ahead.id.empty()) ahead.id = store::new_run_id();
  const std::string& subject = store::subject_of(ahead.id, ahead.card);
  if (setup.begun == 0) setup.begun = now_ms();
  setup.policy = with_owners(*store, setup, subject);
  constexpr int kSwaps = 20;  // in a row, each just before the run could begin
  for (int left = kSwaps;; --left) {
    try {
      ahead.quotas = quotas_of(*setup.policy, setup.owner);
      return journal::StoreJournal::begin(store, setup, origin, operator_name(), ahead);
    } catch (const Error& error) {
      if (error.cause() == "quota" && !ahead.refused_before) note_refused(*store, setup, ahead.id, error);
      if (error.cause() != "policy" && error.cause() != "bundle") throw;
      if (left == 0) {
        throw Error(ErrorKind::store, "cannot begin a run on the store " + store->where() + ": which " + error.cause() +
                                          " is in use is another one each time it is asked for; see cardwright " +
                                          error.cause() + " list and cardwright store check");
      }
      if (error.cause() == "policy") {
        if (ahead.policy == store::PolicyIs::in_use) setup.policy = policy_for_run(*store, subject, *setup.bundle);
        setup.policy = with_owners(*store, setup, subject);
      } else {
        follows->follow(setup, subject);
        ahead.bundle = setup.bundle->base();
      }
    }
  }
}

}  // namespace

DurableRun::DurableRun(std::shared_ptr<store::Store> store, engine::RunSetup& setup, const journal::Origin& origin,
                       const journal::RunAhead& ahead, const std::shared_ptr<BundleInUse>& follows)
    : DurableRun(store, begun(store, setup, origin, ahead, follows.get())) {}

DurableRun::DurableRun(std::shared_ptr<store::Store> store, std::unique_ptr<journal::StoreJournal> journal)
    : store_(std::move(store)), journal_(std::move(journal)), key_watch_(store_->rotations(), journal_->id(), now_ms) {}

void DurableRun::join(engine::RunSetup& setup) {
  if (setup.keys) {
    const auto keys = std::make_shared<engine::OwnerKeys>(setup.keys, setup.owner, setup.policy->grant(setup.owner));
    key_watch_.in_custody([keys](const std::string& name) { return keys->in_custody(name); });
    setup.keys = keys;
  }
  setup.journal = journal_.get();
  setup.ledger = std::make_shared<journal::StoreBudget>(store_, *journal_, operator_name());
  setup.key_watch = &key_watch_;
}

void say_kept(const std::string& id) {
  std::cerr << "cardwright: the run is kept: cardwright runs resume " << id << '\n';
}

}  // namespace cw::app
