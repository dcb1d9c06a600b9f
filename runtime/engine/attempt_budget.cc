// Holders of an account. An identity can be claimed, so accounts are kept apart by the diversification data that come
// with the answer to INITIALIZE UPDATE. Three kinds:
// - "" for what got no answer: nobody can tell whose it was.
// - their hex digits, for what was refused to whoever has them.
// - kAnybody, the sum of all that was refused, which holds as long as no authentication has shown which data are the
//   card's. Once one has (and no other did), refusals of others cost the card nothing.
#include "engine/attempt_budget.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"

namespace cw::engine {

namespace {

constexpr const char* kAnybody = "anybody";

std::string genuine_word(const Bytes& domain, const std::string& holder) {
  return "genuine " + to_hex(domain) + "/" + holder;
}
std::string keyed_word(ByteView domain) { return "keyed " + to_hex(domain); }

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

/// Where the card counts for all its keys, so do we.
AttemptBudget::Target AttemptBudget::counted(const Target& target) const {
  switch (counter_.scope) {
    case CardCounter::Scope::key_version:
      return target;
    case CardCounter::Scope::domain:
      return {target.domain, 0};
    case CardCounter::Scope::card:
      break;
  }
  return {};
}

/// The data that the card is known to have; nothing: none yet, or more than one card says that it is this one. A card
/// that counts every INITIALIZE UPDATE is past helping once the answer is there, so there anybody's refusals count.
std::optional<std::string> AttemptBudget::genuine(const Open& open, const Bytes& domain) const {
  if (counter_.every_attempt) return {};
  std::optional<std::string> out;
  const std::string begin = genuine_word(domain, "");
  for (const std::string& mark : open.marks) {
    if (!mark.starts_with(begin)) continue;
    if (out) return {};
    out = mark.substr(begin.size());
  }
  return out;
}

AttemptBudget::Open AttemptBudget::begun(const Target& target) const {
  Open open;
  open.target = counted(target);
  open.version = open.target.version;
  open.domains = {open.target.domain};
  open.marks = ledger_.marks(card_);
  if (!open.target.domain.empty() && !has(open.marks, keyed_word(open.target.domain))) open.domains.emplace_back();
  return open;
}

std::optional<AttemptBudget::Stand> AttemptBudget::stand() const {
  if (!open_ || !open_->holder) return {};
  return Stand{open_->charge, open_->target, *open_->holder, open_->version};
}

void AttemptBudget::take_up(const std::optional<Stand>& stand, unsigned unfinished) {
  unfinished_ = unfinished;
  open_.reset();
  if (!stand) return;
  open_ = begun(stand->target);
  open_->charge = stand->charge;
  open_->holder = stand->holder;
  open_->version = stand->version;
}

AttemptBudget::Open AttemptBudget::charged(const Target& target, const std::vector<std::string>& keys) {
  for (const std::string& set : keys) {
    if (!refused_.contains(set)) continue;
    ledger_.refused(Charge::authentication, {card_, target.domain, "", target.version},
                    "a key set that was refused before in this run");
    throw Error(ErrorKind::budget, "not opening a channel: key set '" + set +
                                       "' was refused before in this run, and another try may lock the card; check "
                                       "the key set and its diversification");
  }
  Open open = begun(target);
  open.charge = ledger_.charge(Charge::authentication, accounts_of_lost(open), limits_);
  return open;
}

void AttemptBudget::charge(const Target& target, const std::vector<std::string>& keys) {
  give_up();  // a handshake that was never finished
  open_ = charged(target, keys);
}

bool AttemptBudget::has_room_behind(const Target& target, const std::vector<std::string>& keys) const {
  if (!open_ || !open_->holder || next_) return false;
  if (std::any_of(keys.begin(), keys.end(), [&](const std::string& set) { return refused_.contains(set); }))
    return false;
  const std::vector<BudgetAccount> accounts = accounts_of_lost(begun(target));
  return std::all_of(accounts.begin(), accounts.end(), [&](const BudgetAccount& account) {
    const Spent spent = ledger_.spent(Charge::authentication, account);
    return spent.refused + spent.lost < std::min(limits_.refused, limits_.lost);
  });
}

void AttemptBudget::charge_behind(const Target& target, const std::vector<std::string>& keys) {
  next_ = charged(target, keys);
}

/// The card answers in turn: what comes now is of the later handshake.
void AttemptBudget::turn_to_next() {
  if (!next_) return;
  open_ = std::exchange(next_, {});
}

std::vector<BudgetAccount> AttemptBudget::accounts_of_lost(const Open& open) const {
  std::vector<BudgetAccount> out;
  for (const Bytes& domain : open.domains) {
    const auto owner = genuine(open, domain);
    if (owner && open.holder && *owner != *open.holder) {
      out.push_back({card_, domain, *open.holder, open.version});
      continue;
    }
    out.push_back({card_, domain, "", open.version});
    out.push_back({card_, domain, owner.value_or(kAnybody), open.version});
  }
  return out;
}

void AttemptBudget::settle(ChargeOutcome outcome, const std::vector<BudgetAccount>& accounts, bool forgives) {
  const std::string charge = open_->charge;
  open_.reset();
  ledger_.settle(charge, outcome, accounts, forgives);
}

void AttemptBudget::not_tried() {
  turn_to_next();
  if (counter_.every_attempt) return give_up();
  settle(ChargeOutcome::refunded, {});
}

void AttemptBudget::answered(ByteView diversification_data, uint8_t version) {
  turn_to_next();
  Open& open = *open_;
  open.holder = to_hex(diversification_data);
  open.version = counted({open.target.domain, version}).version;
  const auto owner = genuine(open, open.target.domain);
  if (!owner || *owner == *open.holder) return;
  const Spent before = ledger_.spent(Charge::authentication, {card_, open.target.domain, *open.holder, open.version});
  if (before.refused < limits_.refused) return;
  const BudgetAccount account{card_, open.target.domain, *open.holder, open.version};
  give_up();
  ledger_.refused(Charge::authentication, account, "it answers with the diversification data of another card");
  throw Error(ErrorKind::budget, "not opening a channel: the card says it is " + card_ +
                                     ", answers with the diversification data " + to_hex(diversification_data) +
                                     " of another, and was refused " + std::to_string(before.refused) +
                                     " times already (policy limits.auth_attempts); it may be a copy, so set it aside");
}

void AttemptBudget::verified() {
  const Open& open = *open_;
  const std::string holder = *open.holder;
  const Bytes domain = open.target.domain;
  // A card whose counter nothing sets back has one attempt less for good.
  if (counter_.every_attempt && !counter_.set_back) return give_up();
  // Of the domain's own accounts alone: whether the parent's count was set back, only the card knows.
  std::vector<BudgetAccount> own;
  for (const std::string& of : {std::string(), holder, std::string(kAnybody)}) {
    own.push_back({card_, domain, of, open.version});
    if (open.target.version != open.version) own.push_back({card_, domain, of, open.target.version});
  }
  const std::string word = genuine_word(domain, holder);
  const bool known = has(open.marks, word);
  settle(ChargeOutcome::refunded, own, counter_.set_back);
  if (!known) ledger_.mark(card_, word);
}

void AttemptBudget::not_finished() {
  if (next_) ledger_.settle(std::exchange(next_, {})->charge, ChargeOutcome::refunded, {}, false);  // was not sent
  if (!open_) return;
  // A card that nothing is known of may count it all the same: a few, and no more.
  constexpr unsigned kFree = 3;
  if (counter_.every_attempt || ++unfinished_ > kFree) return give_up();
  settle(ChargeOutcome::refunded, {});
}

void AttemptBudget::refused(const std::vector<std::string>& keys) {
  const Open& open = *open_;
  refused_.insert(keys.begin(), keys.end());
  std::vector<BudgetAccount> accounts;
  for (const Bytes& domain : open.domains) {
    accounts.push_back({card_, domain, *open.holder, open.version});
    if (!genuine(open, domain)) accounts.push_back({card_, domain, kAnybody, open.version});
  }
  settle(ChargeOutcome::refused, accounts);
}

void AttemptBudget::give_up() {
  if (open_) settle(ChargeOutcome::lost, accounts_of_lost(*open_));
  if (!next_) return;
  turn_to_next();
  settle(ChargeOutcome::lost, accounts_of_lost(*open_));
}

void AttemptBudget::went_well(const host::Command& command, ByteView domain) {
  const bool put_keys = command.ins == 0xD8 && (command.p2 & 0x80) != 0;  // several at once: those of a channel
  if (put_keys && !domain.empty()) ledger_.mark(card_, keyed_word(domain));
  const bool installs = command.ins == 0xE6 && (command.p1 & 0x04) != 0;
  if (!installs && command.ins != 0xE4) return;
  // A domain that goes, or comes again under its name, has no keys.
  const ByteView data = command.data.visible();
  for (const std::string& mark : ledger_.marks(card_)) {
    if (!mark.starts_with("keyed ")) continue;
    const Bytes aid = from_hex(mark.substr(6));
    if (std::search(data.begin(), data.end(), aid.begin(), aid.end()) != data.end()) ledger_.unmark(card_, mark);
  }
}

}  // namespace cw::engine
