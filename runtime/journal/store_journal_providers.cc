// What providers have a say in: whose the card is, whether what is touched is managed, and who agrees to the end of a
// domain.
#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "card/tlv.h"
#include "journal/store_journal.h"

namespace cw::journal {

namespace {

/// The AIDs that a DELETE names (GPCS 11.2.2.3).
std::vector<std::string> deleted_by(const host::Command& command) {
  constexpr uint8_t kDelete = 0xE4;
  constexpr uint32_t kAid = 0x4F;
  std::vector<std::string> out;
  if (command.ins != kDelete) return out;
  const Bytes data = to_bytes(command.data.visible());
  for (ByteView left = data; !left.empty();) {
    const auto header = card::read_tlv_header(left);
    if (!header || header->size + header->length > left.size()) break;
    if (header->tag == kAid) out.push_back(to_hex(left.subspan(header->size, header->length)));
    left = left.subspan(header->size + header->length);
  }
  return out;
}

}  // namespace

void StoreJournal::card_is(const std::string& identity) {
  if (again_) return;
  // Within this process a flow may change what a card says of itself.
  const std::string before = std::exchange(card_before_, {});
  if (!identity.starts_with(before)) {
    stop_here(Error(ErrorKind::usage,
                    "the card in the reader is " + identity + ", and the run is on " + before + "; put that one in"));
  }
  want_own_card(identity);
  want_managed_card();
  change_.card_id = identity;
  want_consent(identity);
}

void StoreJournal::is_of(const engine::RunSetup& setup) {
  owner_ = setup.owner;
  unowned_cards_ = setup.policy->grant(owner_).unowned_cards;
}

void StoreJournal::want_managed() {
  try {
    store_->providers().want_managed(owner_);
    want_managed_card();
    // It may have been withdrawn. Where the card is known ahead, as a device's may be, it is asked nothing before.
    if (const std::string card = consent_.domain.empty() ? "" : named_card(); !card.empty()) want_consent(card);
  } catch (const Error& error) {
    // What the card has answered is kept first, so that whoever goes on knows it.
    if (error.kind() == ErrorKind::policy && !frame_.empty()) commit();
    stop_here(error);
  }
}

/// What is suspended is what the provider has, whoever touches it: the operator's own runs, too.
void StoreJournal::want_managed_card() {
  if (!owner_.empty()) return;  // it is on no other owner's card
  try {
    store_->providers().want_managed(card_owner_);
  } catch (const Error& error) {
    if (error.cause() != store::kNotManaged) throw;
    throw Error(error.kind(),
                error.message() + "; the card is " + card_owner_ +
                    "'s, and cardwright card take lets it be the operator's before that",
                {}, error.cause());
  }
}

void StoreJournal::want_own_card(const std::string& identity) {
  const std::string owner = card_owner_ = store_->owners().owner_of(identity);
  if (owner_.empty()) return;
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
  if (identity.starts_with("ATR-")) {
    throw Error(ErrorKind::policy,
                "domain " + consent_.domain +
                    ": the card does not say who it is, so nobody can be asked whether it may go; a card with a CPLC, "
                    "or with CIN and IIN, says so",
                {}, "consent");
  }
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

void StoreJournal::end_here(const Error& why) {
  finished(why, End::failed);
  stopped_ = true;
  must_stop_ = why;
  throw Error(why);
}

/// Whoever has something in it let it go, since the run would have ended otherwise.
bool StoreJournal::is_agreed(const std::string& aid) const { return consent_.domain == aid; }

void StoreJournal::want_ending(const store::Domain& domain) {
  store_->domains().expect(domain, is_agreed(domain.aid));
  const bool theirs = !card_owner_.empty() && card_owner_ != owner_;
  if (!theirs || domain.state != store::DomainState::deleted || is_agreed(domain.aid)) return;
  throw Error(ErrorKind::policy,
              "domain " + domain.aid + " is on card " + domain.card + " of " + card_owner_ + store::kNoConsent, {},
              "consent");
}

/// DELETE that names a domain of the store, in whatever channel: the gate knows nothing of who has what.
void StoreJournal::want_deletable(const host::Request& request) {
  const auto look = [&](const host::Exchange& exchange) {
    for (const host::Command& command : exchange.plan) {
      for (const std::string& aid : deleted_by(command)) {
        const std::string card = named_card();
        store::DomainFilter named;
        named.card = card;
        named.aid = aid;
        if (card.empty() || store_->domains().list(named).empty()) continue;
        store::Domain domain;
        domain.card = card;
        domain.aid = aid;
        domain.owner = owner_;
        domain.state = store::DomainState::deleted;
        want_ending(domain);
      }
    }
  };
  if (const auto* exchange = std::get_if<host::Exchange>(&request)) look(*exchange);
  if (const auto* open = std::get_if<host::OpenChannel>(&request)) {
    std::for_each(open->before.begin(), open->before.end(), look);
  }
}

}  // namespace cw::journal
