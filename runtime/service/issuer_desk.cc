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
using SomeKeys = std::vector<std::shared_ptr<const crypto::Key>>;
using store::Domain;
using store::DomainState;

constexpr int64_t kWindow = 300;  // seconds that clocks may differ, and a message may travel

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
  refuse("status " + status + " is not known here; DELETED, RESETED, LOCKED and UNLOCKED are");
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

SomeKeys unwrapped(const crypto::Vault& custody, const SenderConfig& sender, const KeySync& message) {
  const bool aes = message.algorithm == "AES";
  if (!aes && message.algorithm != "3DES" && message.algorithm != "DES3" && message.algorithm != "TDES") {
    refuse("Alg " + message.algorithm + " is not known here; AES and 3DES are");
  }
  if (!message.kek.empty() && message.kek != sender.kek) {
    refuse("the keys are wrapped under " + message.kek + ", which is not the key that was agreed with " + sender.id);
  }
  const auto kek = custody.find_key(sender.kek);
  SomeKeys out;
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

std::optional<KeyRecord> record_of(const crypto::Vault& custody, const std::string& name) {
  const std::vector<KeyRecord> all = custody.records();
  std::optional<KeyRecord> out;
  for (const KeyRecord& each : all) {
    if (each.name == name && (!out || each.generation > out->generation)) out = each;
  }
  return out;
}

/// One that says no.
template <class Work>
SyncAnswer answered(const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::policy && error.kind() != ErrorKind::usage) throw;
    return {false, error.message(), {}};
  }
}

}  // namespace

std::string domain_key_name(const std::string& owner, const std::string& se_id, const std::string& aid) {
  Bytes chip = crypto::digest(crypto::Hash::sha256, view(se_id));
  chip.resize(8);
  return (owner.empty() ? "" : owner + "/") + "ssd." + aid + "." + to_hex(chip);
}

/// Who it is from, for whom, and whether it was here before.
void IssuerDesk::check(const SenderConfig& sender, const MessageHead& head, const MessageSeal& seal) {
  if (!head.tenant.empty() && !sender.tenant.empty() && head.tenant != sender.tenant) {
    refuse("tenantId " + head.tenant + " is not who we are to " + sender.id);
  }
  if (!sender.message_key.empty()) {
    if (!seal.signature) refuse("sign is missing; messages of " + sender.id + " are signed");
    if (!keys_ || !keys_->find_signing_key(sender.message_key, crypto::SigningUse::message)
                       ->verify(view(seal.elements), *seal.signature)) {
      refuse("sign is wrong: made with another key, or over other elements");
    }
    if (seal.nonce.empty() || seal.timestamp.empty())
      refuse("timestamp and nonce are missing; a signed message has both");
  }
  const int64_t now = clock_() / 1000;
  if (!seal.timestamp.empty()) {
    const int64_t then = seconds_of(seal.timestamp);
    if (then < now - kWindow || then > now + kWindow) refuse("timestamp is more than five minutes from now");
  }
  if (!seal.nonce.empty() && store_->domains().seen(sender.id, seal.nonce, clock_(), (now + 2 * kWindow) * 1000)) {
    refuse("nonce was here before; a message counts once");
  }
}

/// The one that the message is about. Tables 7 and 9 print no seId, so it may have to be found by its AID.
Domain IssuerDesk::domain(const SenderConfig& sender, const MessageHead& head) const {
  store::DomainFilter filter;
  filter.aid = head.aid;
  filter.se_id = head.se_id;
  if (!sender.maker) {
    filter.owner = sender.owner;
    filter.issuer = sender.url;
  }
  std::vector<Domain> found = store_->domains().list(filter);
  if (found.size() > 1) std::erase_if(found, [](const Domain& one) { return !is_there(one.state); });
  if (found.empty()) {
    refuse("there is no domain " + shown(head) + " here that " + sender.id +
           " could tell of; it is known from the moment on "
           "at which we ask for it");
  }
  if (found.size() > 1) {
    refuse("domain " + head.aid + " is on " + std::to_string(found.size()) +
           " chips, and the message has no seId that says "
           "which; add seId");
  }
  return found.front();
}

SyncAnswer IssuerDesk::keys(const SenderConfig& sender, const KeySync& message) {
  return answered([&]() -> SyncAnswer {
    if (sender.maker || !keys_) refuse(sender.id + " brings no keys here");
    check(sender, message.head, message.seal);
    const Domain known = domain(sender, message.head);
    // What the card has become is taken of everyone's; why it stands as it does is none of the issuer's business.
    if (!known.owner.empty() && !store_->providers().standing(known.owner).is_managed(clock_())) {
      refuse("nothing of " + known.owner + " is managed now, so no keys are taken for its domains; ask again later");
    }
    if (!is_there(known.state)) {
      refuse("domain " + shown(message.head) + " is " + std::string(name_of(known.state)) + ", so it has no keys");
    }
    SomeKeys keys = unwrapped(*keys_, sender, message);
    keep(sender, message, known, domain_key_name(known.owner, known.se_id, known.aid), std::move(keys));
    return {true, {}, receipt(*keys_, sender, message)};
  });
}

void IssuerDesk::keep(const SenderConfig& sender, const KeySync& message, const Domain& known, const std::string& name,
                      SomeKeys keys) {
  const std::optional<KeyRecord> before = record_of(*keys_, name);
  const uint8_t version = message.version.value_or(0);
  const bool same = before && before->kcvs == message.check_values && before->version == version &&
                    (before->state == crypto::KeyState::active || before->state == crypto::KeyState::replaced);
  if (!known.keys.empty() && !same) {
    refuse("domain " + shown(message.head) +
           " has keys already, and these are others; they would be those of another "
           "domain, so tell DELETED first if it was made anew");
  }
  if (!known.keys.empty()) return;  // those that came before, whatever the domain has had since
  if (!same) {
    crypto::NewKey fresh;
    fresh.record.name = name;
    fresh.record.purpose = crypto::KeyPurpose::channel;
    fresh.record.version = version;
    fresh.record.origin = "from SEI-TSM " + sender.id;
    fresh.keys = std::move(keys);
    const KeyRecord kept = before ? keys_->update(std::move(fresh)) : keys_->put(std::move(fresh));
    store_->audit().add(
        {"SEI-TSM " + sender.id,
         "keys received",
         kept.title(),
         {{"domain", known.aid}, {"card", known.card}, {"owner", known.owner}, {"version", to_hex(version)}}});
  }
  Domain now = known;
  now.keys = name;
  now.version = version;
  store_->domains().put(now, "SEI-TSM " + sender.id);
}

SyncAnswer IssuerDesk::state(const SenderConfig& sender, const StateSync& message) {
  return answered([&]() -> SyncAnswer {
    const DomainState next = becomes(message.status);
    check(sender, message.head, message.seal);
    Domain known = domain(sender, message.head);
    const bool was_told = known.told == message.status && known.state == next;
    const int64_t asked = store_->domains().tell(known.card, known.aid, {message.status, next, "SEI-TSM " + sender.id});
    if (was_told) return {};
    known = domain(sender, message.head);
    notify(sender, known, message.status);
    return {true, asked == 0 ? "" : std::to_string(asked) + " runs on the card were asked to stop", {}};
  });
}

/// Its name has the time at which the state was told, so that each change is one parcel, however often it is put in.
void IssuerDesk::notify(const SenderConfig& sender, const Domain& domain, const std::string& status) {
  if (sender.notify.empty()) return;
  nlohmann::ordered_json body = {{"card", domain.card},    {"seId", domain.se_id},           {"ssdAid", domain.aid},
                                 {"status", status},       {"state", name_of(domain.state)}, {"owner", domain.owner},
                                 {"told", domain.told_at}, {"repair", repair_of(domain)}};
  const host::Deliver parcel{"domain " + domain.card + " " + domain.aid + " " + std::to_string(domain.told_at),
                             {"POST", sender.notify, {{"Content-Type", "application/json"}}, body.dump()}};
  store_->outbox().put(journal::sealed_parcel(store_->key(), {}, parcel, clock_()));
}

}  // namespace cw::service
