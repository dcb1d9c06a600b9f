// The runs of a batch in a store: one store for all its readers, whose frames share their syncs.
//
// Owner: one command; outlives the batch. Thread rule: any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/batch_courier.h"
#include "app/bundle_source.h"
#include "batch/keeper.h"
#include "journal/run_head.h"
#include "store/store.h"

namespace cw::app {

class BatchKeeper : public batch::Keeper {
 public:
  /// `origins`: of the runs in each reader. `card_states`: folder with the memory of simulated cards, ROW.json each.
  /// `policy`: which one each run begins under. `follows`: as for a DurableRun.
  BatchKeeper(std::shared_ptr<store::Store> store, std::vector<journal::Origin> origins,
              std::optional<std::filesystem::path> card_states, store::PolicyIs policy,
              std::shared_ptr<BundleInUse> follows);

  std::string new_id() override { return store::new_run_id(); }
  std::unique_ptr<batch::KeptRun> begin(const batch::Result& row, engine::RunSetup& setup, size_t reader) override;
  void ended(const std::string& id) override { courier_.ended(id); }
  Kept look(const std::string& id) override;
  Kept give_up(const std::string& id) override;

  /// The batch is over: what its runs handed over is tried for five seconds more. A line for people about what is left,
  /// or nothing. Raises nothing.
  std::string deliver_the_rest() { return courier_.finish(); }

 private:
  std::shared_ptr<store::Store> store_;
  std::vector<journal::Origin> origins_;
  std::optional<std::filesystem::path> card_states_;
  store::PolicyIs policy_;
  std::shared_ptr<BundleInUse> follows_;
  BatchCourier courier_;
};

}  // namespace cw::app
