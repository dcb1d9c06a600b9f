// What of a run goes to the audit, and whose it is.
#include "base/error.h"
#include "base/hex.h"
#include "journal/store_journal.h"
#include "refusals_private.h"

namespace cw::journal {

void StoreJournal::audit_end(const std::string& state, const std::string& error) {
  change_.record = {actor_, "run ended", id(), with_owner({{"state", state}, {"error", error}})};
}

void StoreJournal::refused(const engine::Refusal& refusal) {
  if (again_) return;
  // A script may ask for the same again, or for others without an end.
  if (refusals_.size() == kRefusals || !refusals_.insert(refusal).second) return;
  try {
    audit("refused", {{"what", refusal.what},
                      {"aid", refusal.aid},
                      {"flow", refusal.flow},
                      {"policy", refusal.policy},
                      {"because", refusal.because}});
  } catch (const Error& error) {
    stop_here(error);
  }
}

void StoreJournal::keys_unwrapped(const host::WrappedKeys& keys, const Error* why) {
  if (why == nullptr) needs({keys.under, 0});
  Details details = {
      {"kek", keys.under}, {"backend", keys.backend}, {"keys", keys.name}, {"version", to_hex(keys.version)}};
  if (why != nullptr) details.emplace_back("because", why->message());
  try {
    audit(why == nullptr ? "keys unwrapped" : "keys not unwrapped", details);
  } catch (const Error& error) {
    stop_here(error);
  }
}

void StoreJournal::judge_canaries() {
  if (!lease_.counted) return;
  try {
    for (const std::string& owner :
         owner_.empty() ? std::vector<std::string>{""} : std::vector<std::string>{"", owner_}) {
      store_->policies(owner).judge_canary(actor_);
      store_->bundles(owner).judge_canary(actor_);
    }
  } catch (const Error&) {
    // The next run that ends does it.
  }
}

void StoreJournal::audit(const std::string& action, const Details& details) {
  store_->audit().add({actor_, action, id(), with_owner(details)});
}

StoreJournal::Details StoreJournal::with_owner(Details details) const {
  if (!owner_.empty()) details.emplace_back("owner", owner_);
  return details;
}

}  // namespace cw::journal
