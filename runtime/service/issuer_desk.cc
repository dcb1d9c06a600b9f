#include "service/issuer_desk.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/key_wrap.h"
#include "journal/parcel.h"
#include "service/domain_repair.h"

namespace cw::service {

namespace {

using crypto::KeyRecord;
using store::Domain;
using store::DomainState;

constexpr int64_t kWindow = 300;     // seconds that clocks may differ, and a message may travel
constexpr int64_t kMostAlike = 100;  // domains of one AID that are looked at

/// Why a message is answered with 9999.
[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::policy, why); }

struct Status {
  const char* name;
  DomainState becomes;
};
// DELETED and RESETED are printed; the others are what an SEI-TSM does to a domain besides.
constexpr std::array<Status, 8> kStatuses = {{{"DELETED", DomainState::deleted},
                                              {"RESETED", DomainState::reset},
                                              {"RESET", DomainState::reset},
                                              {"LOCKED", DomainState::locked},
                                              {"UNLOCKED", DomainState::present},
                                              {"CREATED", DomainState::present},
                                              {"SELECTABLE", DomainState::present},
                                              {"PERSONALIZED", DomainState::present}}};

DomainState becomes(const std::string& status) {
  for (const Status& each : kStatuses) {
    if (status == each.name) return each.becomes;
  }
  refuse("status " + status +
         " is not known here; DELETED, RESETED, LOCKED, UNLOCKED, CREATED, SELECTABLE and PERSONALIZED are");
}

bool is_there(DomainState state) {
  return state == DomainState::asked || state == DomainState::present || state == DomainState::locked;
}

std::string shown(const MessageHead& head) {
  return head.aid + (head.se_id.empty() ? "" : " on chip " + head.se_id.substr(0, 40));
}

int64_t seconds_of(const std::string& text) {
  int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ptr != text.data() + text.size() || text.size() > 12) refuse("timestamp must be the seconds since 1970");
  return out;
}

std::vector<std::shared_ptr<const crypto::Key>> unwrapped(const crypto::Vault& custody, const SenderConfig& sender,
                                                          const KeySync& message) {
  const bool aes = message.algorithm == "AES";
  if (!aes && message.algorithm != "3DES" && message.algorithm != "DES3" && message.algorithm != "TDES") {
    refuse("Alg " + message.algorithm + " is not known here; AES and 3DES are");
  }
  if (!message.kek.empty() && message.kek != sender.kek) {
    refuse("the keys are wrapped under " + message.kek + ", which is not the key that was agreed with " + sender.id);
  }
  const auto kek = custody.find_key(sender.kek);
  std::vector<std::shared_ptr<const crypto::Key>> out;
  constexpr std::array<const char*, 3> kNames = {"ENC", "MAC", "DEK"};
  for (size_t i = 0; i < message.wrapped.size(); ++i) {
    try {
      out.push_back(crypto::unwrap_key(*kek, sender.wrap,
                                       {aes ? crypto::KeyType::aes : crypto::KeyType::des, 0, message.check_values[i]},
                                       message.wrapped[i]));
    } catch (const Error& error) {
      refuse("the " + std::string(kNames[i]) + " key cannot be taken: " + error.message());
    }
  }
  return out;
}

/// Usage 7 and 9 name the domain's AID and the check values; a receipt is over both, one after the other.
std::vector<Bytes> receipt(const crypto::Vault& custody, const SenderConfig& sender, const KeySync& message) {
  if (sender.receipt_key.empty()) return {};
  Bytes data = from_hex(message.head.aid);
  for (const Bytes& kcv : message.check_values) append(data, kcv);
  return {custody.find_signing_key(sender.receipt_key, crypto::SigningUse::message)->sign(data)};
}

/// Whether these keys are there under that name, whichever generation they have.
bool has_keys(const crypto::Vault& custody, const std::string& name, const std::vector<Bytes>& kcvs) {
  const std::vector<KeyRecord> all = custody.records();
  return std::any_of(all.begin(), all.end(), [&](const KeyRecord& one) {
    const bool usable = one.state == crypto::KeyState::active || one.state == crypto::KeyState::replaced;
    return usable && one.name == name && one.kcvs == kcvs;
  });
}

/// A message that is refused is answered; all else that fails is not the sender's business.
template <class Work>
SyncAnswer answered(const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::policy) throw;
    return {false, error.message(), {}};
  }
}

}  // namespace

std::string domain_key_name(const std::string& card, const std::string& aid) {
  Bytes chip = crypto::digest(crypto::Hash::sha256, view(card));
  chip.resize(8);
  return "ssd." + aid + "." + to_hex(chip);
}

/// Who it is from, for whom, and when.
void IssuerDesk::authenticate(const SenderConfig& sender, const MessageHead& head, const MessageSeal& seal) const {
  if (!head.tenant.empty() && !sender.tenant.empty() && head.tenant != sender.tenant) {
    refuse("tenantId " + head.tenant + " is not who we are to " + sender.id);
  }
  if (!sender.message_key.empty()) {
    if (!seal.signature) refuse("sign is missing; messages of " + sender.id + " are signed");
    const auto key = custody().find_signing_key(sender.message_key, crypto::SigningUse::message);
    if (!key->verify(view(seal.elements), *seal.signature)) {
      refuse("sign is wrong: made with another key, or over other elements");
    }
    if (seal.nonce.empty()) refuse("nonce is missing; a signed message has one");
  }
  if (seal.timestamp.empty()) {
    if (!seal.nonce.empty()) refuse("timestamp is missing; a nonce counts for a time");
    return;
  }
  const int64_t now = clock_() / 1000, then = seconds_of(seal.timestamp);
  if (then < now - kWindow || then > now + kWindow) refuse("timestamp is more than five minutes from now");
}

/// All that a message brings about, or nothing of it: a message that is not taken can come again.
void IssuerDesk::once(const SenderConfig& sender, const MessageSeal& seal, const std::function<void()>& work) {
  store_->database().transact([&] {
    store_->database().lock("domains");
    const int64_t now = clock_();
    if (!seal.nonce.empty() && store_->domains().seen(sender.id, seal.nonce, now, now + 2 * kWindow * 1000)) {
      refuse("nonce was here before; a message counts once");
    }
    work();
  });
}

/// Those that the message is about: of a maker's as many as there are, for several owners may keep one chip. Tables 7
/// and 9 print no seId, so a domain may have to be found by its AID.
std::vector<Domain> IssuerDesk::domains(const SenderConfig& sender, const MessageHead& head) const {
  store::DomainFilter filter;
  filter.aid = head.aid;
  filter.se_id = head.se_id;
  filter.limit = kMostAlike;
  if (!sender.maker) {
    filter.owner = sender.owner;
    filter.issuer = sender.url;
  }
  std::vector<Domain> found = store_->domains().list(filter);
  if (found.size() > 1) std::erase_if(found, [](const Domain& one) { return !is_there(one.state); });
  if (found.empty()) {
    refuse("there is no domain " + shown(head) + " here that " + sender.id +
           " could tell of; it is known from the moment on at which we ask for it");
  }
  if (found.size() == 1 || (sender.maker && !head.se_id.empty())) return found;
  if (head.se_id.empty()) refuse("domain " + head.aid + " is on several chips; add seId, which says which is meant");
  refuse("domain " + shown(head) + " is kept of several cards, which say that they are this chip");
}

const crypto::Vault& IssuerDesk::custody() const {
  if (keys_) return *keys_;
  throw Error(ErrorKind::store,
              "doors.issuer: no key file is open here, since no sender needed one when the service began");
}

SyncAnswer IssuerDesk::keys(const SenderConfig& sender, const KeySync& message) {
  return answered([&]() -> SyncAnswer {
    if (sender.kek.empty()) refuse(sender.id + " brings no keys here");
    authenticate(sender, message.head, message.seal);
    SomeKeys keys = unwrapped(custody(), sender, message);
    once(sender, message.seal, [&] { keep(sender, message, domains(sender, message.head).front(), keys); });
    return {true, {}, receipt(custody(), sender, message)};
  });
}

/// Custody first: who dies in between is told again, and finds the same keys.
void IssuerDesk::keep(const SenderConfig& sender, const KeySync& message, const Domain& known, const SomeKeys& keys) {
  if (!is_there(known.state)) {
    refuse("domain " + shown(message.head) + " is " + std::string(name_of(known.state)) + ", so it has no keys");
  }
  // What the card has become is taken of everyone's; why it stands as it does is none of the issuer's business.
  if (!known.owner.empty() && !store_->providers().standing(known.owner).is_managed(clock_())) {
    refuse("nothing of " + known.owner + " is managed now, so no keys are taken for its domains; ask again later");
  }
  const std::string name = domain_key_name(known.card, known.aid);
  crypto::NewKey fresh;
  fresh.record.name = (known.owner.empty() ? "" : known.owner + "/") + name;
  if (!known.keys.empty()) {
    if (has_keys(*keys_, fresh.record.name, message.check_values)) return;  // whatever the domain has had since
    refuse("domain " + shown(message.head) + " has keys already, and these are others, or revoked");
  }
  fresh.record.purpose = crypto::KeyPurpose::channel;
  fresh.record.version = message.version.value_or(0);
  fresh.record.origin = "from SEI-TSM " + sender.id;
  fresh.keys = keys;
  KeyRecord kept;
  try {
    kept = keys_->settle(std::move(fresh), true);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    refuse("the keys cannot be taken: " + error.message());
  }
  store_->domains().keyed(known.card, known.aid, name, kept.version, "SEI-TSM " + sender.id);
}

SyncAnswer IssuerDesk::state(const SenderConfig& sender, const StateSync& message) {
  return answered([&]() -> SyncAnswer {
    const DomainState next = becomes(message.status);
    authenticate(sender, message.head, message.seal);
    once(sender, message.seal, [&] {
      for (const Domain& known : domains(sender, message.head)) mark(sender, message, known, next);
    });
    return {};
  });
}

void IssuerDesk::mark(const SenderConfig& sender, const StateSync& message, const Domain& known, DomainState next) {
  if (!is_there(known.state)) {
    if (!is_there(next)) return;  // it is gone, and that is what is told
    refuse("domain " + shown(message.head) + " is " + std::string(name_of(known.state)) +
           "; it is there again when a run has made it");
  }
  const bool before_it_was =
      !message.seal.timestamp.empty() && (seconds_of(message.seal.timestamp) + 1) * 1000 <= known.since;
  if (before_it_was) refuse("timestamp is before this domain was made, so the message is about the one before it");
  const Domain now = store_->domains().tell(known.card, known.aid, {message.status, next, "SEI-TSM " + sender.id});
  if (now.told_at != known.told_at || now.told != known.told) notify(sender, now);
}

/// Its name has the time at which the state was told, so that each change is one parcel.
void IssuerDesk::notify(const SenderConfig& sender, const Domain& domain) {
  if (sender.notify.empty()) return;
  nlohmann::ordered_json body = {{"card", domain.card},    {"seId", domain.se_id},           {"ssdAid", domain.aid},
                                 {"status", domain.told},  {"state", name_of(domain.state)}, {"owner", domain.owner},
                                 {"told", domain.told_at}, {"repair", repair_of(domain)}};
  const host::Deliver parcel{"domain " + domain.card + " " + domain.aid + " " + std::to_string(domain.told_at),
                             {"POST", sender.notify, {{"Content-Type", "application/json"}}, body.dump()}};
  store_->outbox().put(journal::sealed_parcel(store_->key(), {}, parcel, clock_()));
}

}  // namespace cw::service
