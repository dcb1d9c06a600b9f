// A run that a store keeps: its journal, its budgets and the keys it puts onto cards, as one thing that outlives the
// run.
#pragma once

#include <memory>
#include <string>

#include "app/bundle_source.h"
#include "app/cards.h"
#include "engine/run.h"
#include "journal/key_watch_store.h"
#include "journal/store_journal.h"
#include "store/store.h"

namespace cw::app {

class DurableRun {
 public:
  /// Begins it in the store. `ahead`: as for StoreJournal::begin(); where the policy has to be the one in use, and
  /// another came into use meanwhile, `setup` has that one on return; so it is with the bundle of a run that `follows`
  /// the one in use (null: any may be). Raises store; script: the one in use is broken, or takes other arguments.
  DurableRun(std::shared_ptr<store::Store> store, engine::RunSetup& setup, const journal::Origin& origin,
             const journal::RunAhead& ahead = {}, const std::shared_ptr<BundleInUse>& follows = {});
  /// Takes over one that was taken up.
  DurableRun(std::shared_ptr<store::Store> store, std::unique_ptr<journal::StoreJournal> journal);

  const std::string& id() const { return journal_->id(); }
  /// An operator ended it.
  bool stopped() const { return journal_->stopped(); }
  store::Store& store() const { return *store_; }
  journal::StoreJournal& journal() { return *journal_; }
  const journal::StoreJournal& journal() const { return *journal_; }
  /// It was refused before it began. Raises store.
  void refused(const Error& error) { journal_->finished(error, engine::RunJournal::End::failed); }
  /// Puts itself into what the run is made of; outlives the run.
  void join(engine::RunSetup& setup);

 private:
  std::shared_ptr<store::Store> store_;
  std::unique_ptr<journal::StoreJournal> journal_;
  journal::StoreKeyWatch key_watch_;
};

/// One line on standard error: how to go on with a run that was left.
void say_kept(const std::string& id);

}  // namespace cw::app
