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

void StoreJournal::is_of(const engine::RunSetup& setup) {
  owner_ = setup.owner;
  unowned_cards_ = setup.policy->grant(owner_).unowned_cards;
}

void StoreJournal::want_managed() {
  if (owner_.empty()) return;
  try {
    store_->providers().want_managed(owner_);
  } catch (const Error& error) {
    // What the card has answered is kept first, so that whoever goes on knows it.
    if (error.kind() == ErrorKind::policy && !frame_.empty()) commit();
    stop_here(error);
  }
}

void StoreJournal::want_own_card(const std::string& identity) {
  if (owner_.empty()) return;
  const std::string owner = store_->owners().owner_of(identity);
  if (owner == owner_ || (owner.empty() && unowned_cards_)) return;
  const std::string why = owner.empty()
                              ? "it was given to nobody, and owners." + owner_ +
                                    ".unowned_cards of the operator's policy does not let it have such cards; "
                                    "cardwright card give gives it one"
                              : "it is not " + owner_ + "'s";
  throw Error(ErrorKind::policy, "a run of " + owner_ + " on card " + identity + ": " + why +
                                     "; the card was asked who it is, and nothing else");
}

void StoreJournal::want_consent(const std::string& identity) {
  if (consent_.domain.empty()) return;
  std::string waits, refused;
  for (const store::Consent& each :
       store_->consents().ask({identity, consent_.domain, owner_, consent_.providers, id(), actor_})) {
    if (each.outcome == "given") continue;
    std::string& list = each.outcome.empty() ? waits : refused;
    list += (list.empty() ? "" : ", ") + each.provider + " (consent " + each.id + ")";
    if (!each.outcome.empty()) list += " by " + each.decided_by + (each.why.empty() ? "" : ": " + each.why);
  }
  if (waits.empty() && refused.empty()) return;
  const std::string what = "domain " + consent_.domain + " of card " + store::chip_of(identity) + ": ";
  if (!refused.empty()) {
    throw Error(ErrorKind::policy,
                what + "what is in it stays, since that was refused for " + refused +
                    "; cardwright owner consent list shows who said what, and consent give says otherwise",
                {}, "consent");
  }
  throw Error(ErrorKind::policy,
              what + "others have something in it, and were asked whether it may go: " + waits +
                  "; once cardwright owner consent give has said so for each, run it again",
              {}, "consent");
}

}  // namespace cw::journal
