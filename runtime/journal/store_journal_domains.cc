#include "base/error.h"
#include "base/hex.h"
#include "engine/domain_ledger.h"
#include "journal/store_journal.h"

namespace cw::journal {

namespace {

store::Domain kept_as(const host::DomainRecord& domain) {
  const std::optional<store::DomainState> state = store::domain_state(domain.state);
  if (!state) throw Error(ErrorKind::usage, "keeping a domain: there is no state '" + domain.state + "'");
  store::Domain out;
  out.aid = to_hex(domain.aid);
  out.state = *state;
  out.se_id = domain.se_id;
  out.issuer = domain.issuer;
  out.management = domain.management;
  out.keys = domain.keys;
  out.version = domain.version;
  return out;
}

host::DomainRecord shown_as(const store::Domain& domain) {
  return {from_hex(domain.aid), std::string(name_of(domain.state)),   domain.se_id, domain.issuer, domain.management,
          domain.keys,          static_cast<uint8_t>(domain.version), domain.told};
}

}  // namespace

/// Empty: it cannot be told from others of its kind.
std::string StoreJournal::named_card() {
  const std::string card = change_.card_id ? *change_.card_id : store_->runs().find(id()).card_id;
  return card.starts_with("ATR-") ? std::string() : card;
}

/// Of the card that the run is on, and of its owner: what others have there is none of its business.
std::vector<host::DomainRecord> StoreJournal::domains(const std::optional<host::DomainRecord>& put) {
  const std::string card = named_card();
  if (card.empty()) return {};
  before_sending();
  try {
    const store::DomainFilter theirs{card, {}, {}, {}, owner_};
    if (put) {
      store::Domain domain = kept_as(*put);
      domain.card = card;
      domain.owner = owner_;
      domain.run = id();
      // What was done after it was found to be allowed is kept, whatever came between.
      if (put->ahead) {
        want_ending(domain);
        expected_.emplace(domain.aid, domain.state);
        return {};
      }
      if (expected_.count({domain.aid, domain.state}) == 0) store_->domains().expect(domain, is_agreed(domain.aid));
      const store::DomainFilter same{card, domain.aid, {}, {}, owner_};
      if (store_->domains().list(same).empty()) engine::check_domain_count(store_->domains().list(theirs).size());
      store_->domains().put(domain, actor_, is_agreed(domain.aid));
    }
    std::vector<host::DomainRecord> out;
    for (const store::Domain& domain : store_->domains().list(theirs)) out.push_back(shown_as(domain));
    return out;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::store) stop_here(error);
    throw;
  }
}

}  // namespace cw::journal
