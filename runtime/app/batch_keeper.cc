#include "app/batch_keeper.h"

#include "app/batch_cards.h"
#include "app/durable_run.h"
#include "app/operator_name.h"
#include "base/error.h"

namespace cw::app {

namespace {

class RunInStore : public batch::KeptRun {
 public:
  RunInStore(std::shared_ptr<store::Store> store, engine::RunSetup& setup, const journal::Origin& origin,
             const journal::RunAhead& ahead, const std::shared_ptr<BundleInUse>& follows)
      : run_(std::move(store), setup, origin, ahead, follows) {}
  void join(engine::RunSetup& setup) override { run_.join(setup); }
  void refused(const Error& error) override { run_.refused(error); }

 private:
  DurableRun run_;
};

/// Budgets know a card by more than the batch does: "CPLC-...+KDD-...". Its ATR alone is no identity here.
std::string card_of(const store::RunRow& row) {
  if (row.card_id.starts_with("ATR-")) return {};
  return row.card_id.substr(0, row.card_id.find('+'));
}

}  // namespace

BatchKeeper::BatchKeeper(std::shared_ptr<store::Store> store, std::vector<journal::Origin> origins,
                         std::optional<std::filesystem::path> card_states, store::PolicyIs policy,
                         std::shared_ptr<BundleInUse> follows)
    : store_(store),
      origins_(std::move(origins)),
      card_states_(std::move(card_states)),
      policy_(policy),
      follows_(std::move(follows)),
      courier_(std::move(store)) {}

std::unique_ptr<batch::KeptRun> BatchKeeper::begin(const batch::Result& row, engine::RunSetup& setup, size_t reader) {
  journal::Origin origin = origins_.at(reader);
  if (card_states_) origin.card_state = std::filesystem::absolute(card_state_of(*card_states_, row.row)).string();
  return std::make_unique<RunInStore>(store_, setup, origin, journal::RunAhead{row.run, row.card, policy_, {}},
                                      follows_);
}

batch::Keeper::Kept BatchKeeper::look(const std::string& id) {
  store::RunRow row;
  try {
    row = store_->runs().find(id);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return {};  // it was to be begun, or is in another store
  }
  const std::string card = card_of(row);
  if (row.state == store::RunState::done) return {Fate::done, card};
  if (store::is_over(row.state)) return {Fate::over, card};
  return {store_->runs().nobody_holds(row.id) ? Fate::open : Fate::held, card};
}

batch::Keeper::Kept BatchKeeper::give_up(const std::string& id) {
  Kept kept = look(id);
  if (kept.fate != Fate::open) return kept;
  try {
    kept.fate = journal::StoreJournal::stop_if_free(store_, id, operator_name()) ? Fate::over : Fate::held;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return look(id);  // somebody took it since, and it is over
  }
  return kept;
}

}  // namespace cw::app
