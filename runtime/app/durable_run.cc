#include "app/durable_run.h"

#include <iostream>

#include "app/moment.h"
#include "app/operator_name.h"
#include "app/policy_source.h"
#include "journal/store_budget.h"

namespace cw::app {

namespace {

/// As the store counts them.
std::vector<store::Quota> quotas_of(const engine::Policy& policy) {
  constexpr int64_t kHour = 3'600'000;
  std::vector<store::Quota> out;
  for (const engine::Quota& quota : policy.quotas()) {
    using Of = engine::Quota::Of;
    const int64_t window = quota.of == Of::hour ? kHour : quota.of == Of::day ? 24 * kHour : 0;
    out.push_back({quota.flows, quota.runs, window, quota.place + " allows " + quota.text()});
  }
  return out;
}

void note_refused(store::Store& store, const engine::RunSetup& setup, const std::string& run, const Error& error) {
  store.audit().add({operator_name(),
                     "refused",
                     run,
                     {{"what", "the run"},
                      {"flow", setup.flow_name},
                      {"policy", setup.policy->name()},
                      {"because", error.message()}}});
}

std::unique_ptr<journal::StoreJournal> begun(const std::shared_ptr<store::Store>& store, engine::RunSetup& setup,
                                             const journal::Origin& origin, journal::RunAhead ahead,
                                             BundleInUse* follows) {
  if (follows != nullptr) ahead.bundle = setup.bundle->base();
  if (ahead.id.empty()) ahead.id = store::new_run_id();
  const std::string& subject = store::subject_of(ahead.id, ahead.card);
  if (setup.begun == 0) setup.begun = now_ms();
  constexpr int kSwaps = 20;  // in a row, each just before the run could begin
  for (int left = kSwaps;; --left) {
    try {
      ahead.quotas = quotas_of(*setup.policy);
      return journal::StoreJournal::begin(store, setup, origin, operator_name(), ahead);
    } catch (const Error& error) {
      if (error.cause() == "quota") note_refused(*store, setup, ahead.id, error);
      if (error.cause() != "policy" && error.cause() != "bundle") throw;
      if (left == 0) {
        throw Error(ErrorKind::store, "cannot begin a run on the store " + store->where() + ": which " + error.cause() +
                                          " is in use is another one each time it is asked for; see cardwright " +
                                          error.cause() + " list and cardwright store check");
      }
      if (error.cause() == "policy") {
        setup.policy = policy_for_run(*store, subject, *setup.bundle);
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
  setup.journal = journal_.get();
  setup.ledger = std::make_shared<journal::StoreBudget>(store_, *journal_, operator_name());
  setup.key_watch = &key_watch_;
}

void say_kept(const std::string& id) {
  std::cerr << "cardwright: the run is kept: cardwright runs resume " << id << '\n';
}

}  // namespace cw::app
