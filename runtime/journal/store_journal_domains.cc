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

/// Of the card that the run is on, and of its owner: what others have there is none of its business.
std::vector<host::DomainRecord> StoreJournal::domains(const std::optional<host::DomainRecord>& put) {
  const std::string card = change_.card_id ? *change_.card_id : store_->runs().find(id()).card_id;
  const bool known = !card.empty() && !card.starts_with("ATR-");
  if (!known) return {};  // it cannot be told from others of its kind
  before_sending();
  try {
    const store::DomainFilter theirs{card, {}, {}, {}, owner_};
    if (put) {
      store::Domain domain = kept_as(*put);
      domain.card = card;
      domain.owner = owner_;
      domain.run = id();
      const store::DomainFilter same{card, domain.aid, {}, {}, owner_};
      if (store_->domains().list(same).empty()) engine::check_domain_count(store_->domains().list(theirs).size());
      store_->domains().put(domain, actor_);
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
