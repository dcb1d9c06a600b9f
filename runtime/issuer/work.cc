#include "issuer/work.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "card/status.h"
#include "card/tlv.h"
#include "gp/commands.h"
#include "gp/put_key.h"

namespace cw::issuer {

namespace {

constexpr uint16_t kMore = 0x6310;
constexpr uint16_t kNotFound = 0x6A88;
constexpr uint8_t kPersonalized = 0x0F;
constexpr uint8_t kLocked = 0x80;

// Privileges (GPCS 11.1.2), three bytes as a number.
constexpr uint32_t kSecurityDomain = 0x800000;
constexpr uint32_t kDap = 0x400000;
constexpr uint32_t kDelegated = 0x200000;
constexpr uint32_t kMandatedDap = 0x010000;
constexpr uint32_t kAuthorized = 0x004000;
constexpr uint32_t kTokenVerification = 0x002000;

uint32_t number_of(ByteView privileges) {
  return static_cast<uint32_t>(read_be(privileges)) << (privileges.size() == 1 ? 16 : 0);
}

/// As long as the product wants them: some refuse three bytes where one will do.
Bytes written(ByteView privileges, size_t bytes) {
  const uint32_t number = number_of(privileges);
  Bytes out;
  if (bytes == 1 && (number & 0xFFFF) == 0) return {static_cast<uint8_t>(number >> 16)};
  append_be(out, number, 3);
  return out;
}

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::policy, why); }

[[noreturn]] void refused(const Came& came, const std::string& doing) {
  const card::Apdu& command = came.command;
  throw Error(ErrorKind::card, doing + ": " + card::explain(came.response.sw, command.cla, command.ins, command.p1),
              came.response.sw);
}

bool has(const std::vector<Came>& came, Purpose purpose) {
  return std::any_of(came.begin(), came.end(), [&](const Came& one) { return one.purpose == purpose; });
}

}  // namespace

void Work::check_wanted() const {
  const bool own = std::any_of(tenant_.aids.begin(), tenant_.aids.end(), [&](const Bytes& aid) {
    return aid.size() <= task_.sd_aid.size() && std::equal(aid.begin(), aid.end(), task_.sd_aid.begin());
  });
  if (!own) refuse("sdAid " + to_hex(task_.sd_aid) + " is none of the AIDs of tenant " + tenant_.id);
  const auto known = std::find_if(state_.domains.begin(), state_.domains.end(), [&](const Domain& one) {
    return one.se_id == task_.se_id && one.aid == task_.sd_aid;
  });
  if (known != state_.domains.end() && known->tenant != tenant_.id) {
    refuse("SSD " + to_hex(task_.sd_aid) + " of this chip is another tenant's");
  }
  if (task_.operation != Operation::create) {
    if (known == state_.domains.end() && task_.operation != Operation::remove) {
      refuse("no SSD " + to_hex(task_.sd_aid) + " of this chip was made here for tenant " + tenant_.id);
    }
    return;
  }
  if (!task_.scp) refuse("scpConfig is missing; it says which secure channel protocol the new SSD has");
  if (task_.privileges.empty()) refuse("expPrivilege is missing; it is needed to create an SSD");
  if (!card_.domain_keys.contains(task_.scp->scp)) {
    refuse("scpConfig " + task_.scp->text() + ": there are no SSDs of this protocol on cards of " + card_.name);
  }
  const uint32_t wanted = number_of(task_.privileges);
  uint32_t may = kSecurityDomain;
  if (tenant_.delegated) may |= kDelegated;
  if (tenant_.authorized) may |= kAuthorized | kTokenVerification;
  if (tenant_.dap) may |= kDap | kMandatedDap;
  if ((wanted & kSecurityDomain) == 0) refuse("expPrivilege lacks the Security Domain privilege (80....)");
  if ((wanted & ~may) != 0) {
    refuse("expPrivilege " + to_hex(task_.privileges) + " is more than tenant " + tenant_.id + " may have");
  }
  if ((wanted & kDelegated) != 0 && (wanted & kAuthorized) != 0) {
    refuse("expPrivilege has Delegated and Authorized Management, and only one of them can be");
  }
}

void Work::refuse_known_mismatch(ByteView aid, uint8_t key_version) const {
  if (key_version == 0 || state_.mismatch(task_.se_id, aid, key_version) == nullptr) return;
  refuse("keys of version " + to_hex(key_version) + " did not fit " + to_hex(aid) +
         " of this chip before, and are not tried again; the issuer looks into it first");
}

void Work::begin() {
  check_wanted();
  const uint8_t version = talk_.issuer_key_version();
  refuse_known_mismatch(card_.isd_aid, version);
  if (task_.operation == Operation::create) {
    refuse_known_mismatch(task_.sd_aid, version);
    refuse_known_mismatch(task_.sd_aid, talk_.domain_keys(task_.se_id, task_.sd_aid, *task_.scp).version);
  }
  talk_.order(task_, talk_.opening(card_.isd_aid, version));
}

void Work::go_on(const std::vector<Bytes>& answers) {
  const std::vector<Came> came = talk_.take(task_, answers);
  for (const Came& one : came) judge(one);
  std::vector<Ordered> list = next(came);
  if (list.empty()) {
    task_.apdus.clear();
    task_.ordered.clear();
    return;
  }
  talk_.order(task_, std::move(list));
}

/// Each answer by itself, and what it says about the SSD.
void Work::judge(const Came& came) {
  const card::Response& response = came.response;
  const std::string ssd = "SSD " + to_hex(task_.sd_aid);
  switch (came.purpose) {
    case Purpose::select_issuer:
      if (!response.ok()) refused(came, "selecting the ISD");
      break;
    case Purpose::select_domain:
      if (!response.ok()) refused(came, "selecting the " + ssd);
      break;
    case Purpose::initialize_update:
      break;  // next() knows what else can be tried
    case Purpose::authenticate:
      if (!response.ok()) refused(came, "opening a channel to " + to_hex(task_.opening.aid));
      break;
    case Purpose::look:
    case Purpose::look_on:
      if (response.sw == kNotFound) {
        absent_ = true;
      } else if (!response.ok() && response.sw != kMore) {
        refused(came, "looking for the " + ssd);
      } else {
        append(task_.listing, response.data);
      }
      break;
    case Purpose::install:
      if (response.ok()) {
        record().installed = true;
      } else {
        forget();
        if (card_.look_first) refused(came, "installing the " + ssd);
        install_refused_ = true;
      }
      break;
    case Purpose::put_keys: {
      if (!response.ok()) refused(came, "putting the initial keys of the " + ssd);
      const crypto::KeySet keys = talk_.domain_keys(task_.se_id, task_.sd_aid, *task_.scp);
      gp::check_put_key_answer(gp::parse_put_key_answer(response.data), keys.version,
                               {gp::SecretKeyItem{keys.enc}, gp::SecretKeyItem{keys.mac}, gp::SecretKeyItem{keys.dek}});
      record().keyed = true;
      break;
    }
    case Purpose::set_status: {
      // Staying is no transition, and refused; the look in front of it says whether that is why.
      const auto found = entry();
      const bool wanted = task_.operation == Operation::lock;
      const bool is = found && !found->life_cycle.empty() && ((found->life_cycle[0] & kLocked) != 0) == wanted;
      if (!response.ok() && task_.operation != Operation::create && is) break;
      if (!response.ok()) refused(came, "setting the state of the " + ssd);
      break;
    }
    case Purpose::remove:
      if (!response.ok() && response.sw != kNotFound) refused(came, "deleting the " + ssd);
      break;
  }
}

std::vector<Ordered> Work::next(const std::vector<Came>& came) {
  const Came& last = came.back();
  if (install_refused_) {
    task_.listing.clear();
    return {{Purpose::look, gp::get_status(gp::RegistryScope::applications, task_.sd_aid).encode()}};
  }
  if (last.purpose == Purpose::initialize_update) {
    return has(came, Purpose::select_issuer) ? opened_issuer(last) : opened_domain(last);
  }
  if (last.purpose == Purpose::look || last.purpose == Purpose::look_on) {
    if (last.response.sw == kMore) {
      return {{Purpose::look_on, gp::get_status(gp::RegistryScope::applications, task_.sd_aid, true).encode()}};
    }
    if (task_.operation == Operation::create) return looked();
  }
  return finished();
}

std::vector<Ordered> Work::opened_issuer(const Came& update) {
  if (!update.response.ok()) refused(update, "opening a channel to the ISD");
  const gp::InitializeUpdateAnswer answer = CardTalk::parse(update);
  const auto scp = static_cast<uint8_t>(answer.scp);
  if (scp != card_.scp->scp || (answer.i && *answer.i != card_.scp->i)) {
    throw Error(ErrorKind::channel, "opening a channel to the ISD: the card offers SCP" + to_hex(scp) +
                                        (answer.i ? " with i = " + to_hex(*answer.i) : "") + ", and cards of " +
                                        card_.name + " have " + card_.scp->text());
  }
  refuse_known_mismatch(card_.isd_aid, answer.key_version);
  if (!talk_.shake_hands(task_, update, card_.isd_aid, {Keys::issuer})) {
    state_.mismatches.push_back({task_.se_id, card_.isd_aid, answer.key_version, now_ / 1000, tenant_.id});
    throw Error(ErrorKind::channel,
                "opening a channel to the ISD: the card cryptogram does not match, so the keys of version " +
                    to_hex(answer.key_version) + " are not this card's; they are not tried again on it");
  }
  const Ordered look = {Purpose::look, gp::get_status(gp::RegistryScope::applications, task_.sd_aid).encode()};
  std::vector<Ordered> list = {{Purpose::authenticate, {}}};
  if (task_.operation == Operation::create && !card_.look_first &&
      state_.domain(task_.se_id, task_.sd_aid) == nullptr) {
    for (Ordered& one : install()) list.push_back(std::move(one));
    return list;
  }
  list.push_back(look);
  switch (task_.operation) {
    case Operation::create:
      break;
    case Operation::lock:
    case Operation::unlock: {
      const uint8_t state = task_.operation == Operation::lock ? kLocked : 0x00;
      list.push_back({Purpose::set_status, gp::set_status(card_.lock_p1, state, task_.sd_aid).encode()});
      break;
    }
    case Operation::remove:
      list.push_back({Purpose::remove, gp::delete_object(task_.sd_aid).encode()});
      break;
  }
  return list;
}

std::vector<Ordered> Work::opened_domain(const Came& update) {
  const crypto::KeySet own = talk_.domain_keys(task_.se_id, task_.sd_aid, *task_.scp);
  // No such key version: an SSD that has its own keys no longer takes the ISD's.
  if (update.response.sw == kNotFound && update.command.p1 != own.version) return open_domain(own.version);
  if (!update.response.ok()) refused(update, "opening a channel to the SSD " + to_hex(task_.sd_aid));

  const uint8_t version = CardTalk::parse(update).key_version;
  refuse_known_mismatch(task_.sd_aid, version);
  const uint8_t issuer_version = talk_.issuer_key_version();
  std::vector<Keys> whose;
  if (issuer_version == 0 || version == issuer_version) whose.push_back(Keys::issuer);
  if (version == own.version) whose.push_back(Keys::domain);
  const std::optional<Keys> fits = talk_.shake_hands(task_, update, task_.sd_aid, whose);
  if (!fits) {
    state_.mismatches.push_back({task_.se_id, task_.sd_aid, version, now_ / 1000, tenant_.id});
    throw Error(ErrorKind::channel, "opening a channel to the SSD " + to_hex(task_.sd_aid) +
                                        ": the card cryptogram does not match keys of version " + to_hex(version) +
                                        "; they are not tried again on this card");
  }
  std::vector<Ordered> list = {{Purpose::authenticate, {}}};
  if (*fits == Keys::issuer) list.push_back(talk_.put_keys(task_));
  if (*fits == Keys::domain) record().keyed = true;
  const auto found = entry();
  const bool personalized = found && !found->life_cycle.empty() && found->life_cycle[0] >= kPersonalized;
  if (card_.set_personalized && !personalized) {
    list.push_back({Purpose::set_status, gp::set_status(0x40, kPersonalized, task_.sd_aid).encode()});
  }
  // EXTERNAL AUTHENTICATE goes out also where nothing is left to do: some cards count an opening that is given up
  // against the keys.
  return list;
}

/// What the registry says, before anything is made.
std::vector<Ordered> Work::looked() {
  const auto found = absent_ ? std::nullopt : entry();
  if (!found && task_.install_tried) {
    throw Error(ErrorKind::card, "installing the SSD " + to_hex(task_.sd_aid) +
                                     ": the card refused it, and has no such SSD; package, module or privileges may "
                                     "not be those of this product");
  }
  if (!found) return install();
  const uint8_t life_cycle = found->life_cycle.empty() ? 0 : found->life_cycle[0];
  const bool ours = state_.domain(task_.se_id, task_.sd_aid) != nullptr;
  if ((life_cycle & kLocked) != 0) refuse("the SSD is there, and locked; ask for UNLOCK_SSD");
  if (!found->privileges.empty() && number_of(found->privileges) != number_of(task_.privileges)) {
    refuse("the SSD is there with privileges " + to_hex(found->privileges) + "; delete it first");
  }
  if (ours && record().scp != *task_.scp) {
    refuse("the SSD is there with scpConfig " + record().scp.text() + "; delete it first");
  }
  if (!ours && life_cycle >= kPersonalized) {
    refuse("the SSD is there with keys, and was not made here; delete it first");
  }
  record().installed = true;
  const bool state_is_right = !card_.set_personalized || life_cycle >= kPersonalized;
  if (record().keyed && state_is_right) return finished();
  return open_domain(record().keyed ? record().key_version : talk_.issuer_key_version());
}

std::vector<Ordered> Work::install() {
  forget();
  record();
  task_.install_tried = true;
  gp::InstallParameters wanted;
  wanted.load_file_aid = card_.package;
  wanted.module_aid = card_.module;
  wanted.application_aid = task_.sd_aid;
  wanted.privileges = written(task_.privileges, card_.privilege_bytes);
  wanted.parameters = create_parameters();
  std::vector<Ordered> list = {{Purpose::install, gp::install_for_install_and_make_selectable(wanted).encode()}};
  for (Ordered& one : open_domain(talk_.issuer_key_version())) list.push_back(std::move(one));
  return list;
}

std::vector<Ordered> Work::open_domain(uint8_t key_version) { return talk_.opening(task_.sd_aid, key_version); }

Bytes Work::create_parameters() const {
  Bytes inside;
  if (card_.protocol_form == ProtocolForm::tlv) inside = card::tlv(0x81, Bytes{task_.scp->scp, task_.scp->i});
  if (card_.protocol_form == ProtocolForm::old) inside = {task_.scp->i};
  append(inside, card_.parameters);
  return card::tlv(0xC9, inside);
}

std::vector<Ordered> Work::finished() {
  if (task_.operation == Operation::remove) {
    forget();
    return {};
  }
  if (task_.operation == Operation::create) {
    pushes_keys_ = !record().confirmed;
    return {};
  }
  if (absent_) {
    forget();
    throw Error(ErrorKind::card, "the SSD " + to_hex(task_.sd_aid) + " is not on the card; it may have been reset");
  }
  record().locked = task_.operation == Operation::lock;
  return {};
}

/// Of this AID and no longer one.
std::optional<gp::RegistryEntry> Work::entry() const {
  for (gp::RegistryEntry& one : gp::parse_registry(task_.listing)) {
    if (one.aid == task_.sd_aid) return std::move(one);
  }
  return {};
}

void Work::forget() {
  std::erase_if(state_.domains, [&](const Domain& one) { return one.se_id == task_.se_id && one.aid == task_.sd_aid; });
}

/// Made if there is none.
Domain& Work::record() {
  if (Domain* known = state_.domain(task_.se_id, task_.sd_aid)) return *known;
  Domain made{task_.se_id, task_.sd_aid, tenant_.id, task_.privileges, task_.scp.value_or(ScpConfig{})};
  if (task_.scp) made.key_version = talk_.domain_keys(task_.se_id, task_.sd_aid, *task_.scp).version;
  state_.domains.push_back(std::move(made));
  return state_.domains.back();
}

}  // namespace cw::issuer
