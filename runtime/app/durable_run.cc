#include "app/durable_run.h"

#include <iostream>

#include "app/moment.h"
#include "app/operator_name.h"
#include "app/policy_source.h"
#include "journal/store_budget.h"

namespace cw::app {

namespace {

std::unique_ptr<journal::StoreJournal> begun(const std::shared_ptr<store::Store>& store, engine::RunSetup& setup,
                                             const journal::Origin& origin, journal::RunAhead ahead,
                                             BundleInUse* follows) {
  if (follows != nullptr) ahead.bundle = setup.bundle->base();
  constexpr int kSwaps = 20;  // in a row, each just before the run could begin
  for (int left = kSwaps;; --left) {
    try {
      return journal::StoreJournal::begin(store, setup, origin, operator_name(), ahead);
    } catch (const Error& error) {
      if (error.cause() != "policy" && error.cause() != "bundle") throw;
      if (left == 0) {
        throw Error(ErrorKind::store, "cannot begin a run on the store " + store->where() + ": which " + error.cause() +
                                          " is in use is another one each time it is asked for; see cardwright " +
                                          error.cause() + " list and cardwright store check");
      }
      if (error.cause() == "policy") {
        setup.policy = choose_policy({}, store.get(), *setup.bundle).policy;
      } else {
        follows->follow(setup);
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
  setup.ledger = std::make_shared<journal::StoreBudget>(store_, journal_->id(), operator_name());
  setup.key_watch = &key_watch_;
}

void say_kept(const std::string& id) {
  std::cerr << "cardwright: the run is kept: cardwright runs resume " << id << '\n';
}

}  // namespace cw::app
