// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE: the opening of SCP02 (GPCS E.5.1, E.5.2) and SCP03 (Amd D 7.1), and
// the card's counting of attempts.
#include "commands_private.h"
#include "keys_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

// Where the attempts of this key version are counted.
struct Attempts {
  Aid domain{};
  uint8_t slot = 0;
};

Attempts attempts_of(const Chip& chip, const Application& owner, uint8_t version) {
  switch (chip.flavor.auth_counter.scope) {
    case AuthCounter::Scope::key_version:
      return {owner.aid, version};
    case AuthCounter::Scope::domain:
      return {owner.aid, 0};
    case AuthCounter::Scope::card:
      break;
  }
  return {issuer_domain(chip.nvm()).aid, 0};
}

unsigned spent(const Nvm& nvm, const Attempts& where) {
  const auto& attempts = find_application(nvm, where.domain)->sd.attempts;
  const auto at = attempts.find(where.slot);
  return at == attempts.end() ? 0 : at->second;
}

// Counted before the outcome is known, and at once: pulling the power does not give the attempt back.
void spend(Chip& chip, const Attempts& where) {
  ++edit_application(chip.memory.write(), where.domain).sd.attempts[where.slot];
  chip.memory.commit();
}

// It did not fail after all.
void give_back(Chip& chip, const Attempts& where) {
  --edit_application(chip.memory.write(), where.domain).sd.attempts[where.slot];
}

void forgive(Chip& chip, const Attempts& where) {
  if (spent(chip.nvm(), where) != 0) edit_application(chip.memory.write(), where.domain).sd.attempts[where.slot] = 0;
}

// The options of the protocol that this key version speaks. A domain that was created with a list of protocols (C9 tag
// 81) speaks no other.
std::optional<uint8_t> options_of(const Flavor& flavor, const Domain& domain, uint8_t key_type) {
  const bool listed = domain.scp02_i || domain.scp03_i;
  if (key_type == key_type::kDes) return listed ? domain.scp02_i : flavor.scp02_i;
  return listed ? domain.scp03_i : flavor.scp03_i;
}

// Two options of SCP02 may differ in R-MAC alone (b6). INITIALIZE UPDATE does not say which it is, and EXTERNAL
// AUTHENTICATE asks for R-MAC or does not: a card whose capabilities (GPCS H.4) tell both offers both with the same
// keys.
uint8_t with_rmac(const Flavor& flavor, uint8_t i) {
  constexpr uint8_t kRmacOption = 0x20;
  if (flavor.capabilities.empty()) return i;
  const auto told = find_tlv(parse_tlvs(flavor.capabilities), 0x67);
  for (const Tlv& one : parse_tlvs(told.value_or(ByteView{}))) {
    if (one.tag != 0xA0) continue;
    const std::vector<Tlv> protocol = parse_tlvs(one.value);
    const ByteView name = find_tlv(protocol, 0x80).value_or(ByteView{});
    const ByteView options = find_tlv(protocol, 0x81).value_or(ByteView{});
    const auto wanted = u8(i | kRmacOption);
    if (equal(name, Bytes{0x02}) && std::find(options.begin(), options.end(), wanted) != options.end()) return wanted;
  }
  return i;
}

uint32_t counter_of(const Domain& domain, uint8_t version) {
  const auto at = domain.counters.find(version);
  return at == domain.counters.end() ? 0 : at->second;
}

}  // namespace

Reply initialize_update(Chip& chip, LogicalChannel& channel, const Command& command) {
  channel.session.reset();
  channel.personalizing.reset();
  channel.store_data.clear();
  const Application& invoked = chip.selected(channel);
  const Application& owner = key_owner(chip.nvm(), invoked);
  const uint8_t version = command.p1 != 0 ? command.p1 : default_version(owner.sd);
  if (command.p2 > 1) refuse(sw::kWrongP1P2, "a key set begins with key identifier 1");
  if (!opens_channel(owner.sd, version)) refuse(sw::kNoReference, "no secure channel keys of this version");

  const uint8_t key_type = find_key(owner.sd, version, 1)->type();
  const bool scp03 = key_type == key_type::kAes;
  const std::optional<uint8_t> i = options_of(chip.flavor, owner.sd, key_type);
  if (!i) refuse(sw::kNoReference, "the card or the domain does not have the protocol of these keys");
  const bool s16 = scp03 && scp03_is_s16(*i);
  if (command.data.size() != (s16 ? 16 : 8)) refuse(sw::kWrongLength, "the host challenge has 8 bytes, in S16 mode 16");

  if (chip.authentication_locked) refuse(sw::kBlocked, "authentication is locked");
  const Attempts attempts = attempts_of(chip, owner, version);
  const AuthCounter& limits = chip.flavor.auth_counter;
  if (limits.limit != 0 && spent(chip.nvm(), attempts) >= limits.limit) {
    refuse(sw::kBlocked, "too many failed authentications; these keys are blocked");
  }
  const Aid owner_aid = owner.aid;
  const Aid invoked_aid = invoked.aid;
  if (limits.limit != 0 && limits.on == AuthCounter::On::initialize_update) spend(chip, attempts);

  // The memory may have been written since: look again.
  const Application& keys = *find_application(chip.nvm(), owner_aid);
  Opening opening;
  opening.enc = find_key(keys.sd, version, 1);
  opening.mac = find_key(keys.sd, version, 2);
  opening.dek = find_key(keys.sd, version, 3);
  const bool listed = keys.sd.scp02_i || keys.sd.scp03_i;
  opening.i = scp03 || listed ? *i : with_rmac(chip.flavor, *i);
  opening.aid = invoked_aid;
  opening.host_challenge = command.data;

  // SCP03 counts openings, SCP02 sessions (E.1.2).
  opening.counter = counter_of(keys.sd, version);
  const bool counts_now = scp03 && scp03_is_pseudo_random(*i);
  if (opening.counter >= (scp03 ? 0xFFFFFFu : 0xFFFFu)) refuse(sw::kConditions, "the sequence counter is used up");
  if (counts_now) ++opening.counter;

  const bool pseudo_random = scp03 ? scp03_is_pseudo_random(*i) : scp02_is_pseudo_random(*i);
  const size_t challenge_size = s16 ? 16 : scp03 ? 8 : 6;
  Bytes challenge = std::exchange(chip.forced_challenge, {});
  if (challenge.size() != challenge_size) challenge = pseudo_random ? Bytes{} : chip.random(challenge_size);
  opening.card_challenge = challenge;

  channel.session = scp03 ? open_scp03(opening) : open_scp02(opening);
  channel.session->owner = owner_aid;
  channel.session->key_version = version;
  channel.session->encrypts_empty_data = chip.flavor.encrypt_empty_data;

  const auto own_data = keys.sd.objects.find(0x00CF);
  Reply reply{own_data == keys.sd.objects.end() ? chip.flavor.diversification_data : own_data->second};
  reply.data.resize(10, 0x00);
  reply.data.push_back(version);
  append(reply.data, channel.session->answer());
  if (counts_now) edit_application(chip.memory.write(), owner_aid).sd.counters[version] = opening.counter;
  return reply;
}

Reply external_authenticate(Chip& chip, LogicalChannel& channel, const Command& command) {
  std::unique_ptr<SecureSession> session = std::move(channel.session);
  channel.session.reset();
  if (session == nullptr || session->authenticated()) refuse(sw::kConditions, "INITIALIZE UPDATE has to come before");
  const Application* owner = find_application(chip.nvm(), session->owner);
  if (owner == nullptr || !opens_channel(owner->sd, session->key_version)) {
    refuse(sw::kConditions, "the keys went away since INITIALIZE UPDATE");
  }
  if (command.p2 != 0 || !session->can(command.p1))
    refuse(sw::kWrongP1P2, "the card does not offer this security level");

  if (chip.authentication_locked) refuse(sw::kBlocked, "authentication is locked");
  const Attempts attempts = attempts_of(chip, *owner, session->key_version);
  const AuthCounter& limits = chip.flavor.auth_counter;
  if (limits.limit != 0 && limits.on == AuthCounter::On::failed_authentication) {
    // Another channel may have used the attempts up since INITIALIZE UPDATE.
    if (spent(chip.nvm(), attempts) >= limits.limit) refuse(sw::kBlocked, "these keys are blocked");
    spend(chip, attempts);
  }
  bool cryptogram_ok = false;
  if (!session->authenticate(command, cryptogram_ok)) {
    if (!cryptogram_ok) refuse(sw::kCryptogram, "the host cryptogram is wrong: the host has other keys");
    refuse(sw::kSecurity, "the C-MAC of EXTERNAL AUTHENTICATE is wrong");
  }
  if (limits.set_back) {
    forgive(chip, attempts);
  } else if (limits.limit != 0 && limits.on == AuthCounter::On::failed_authentication) {
    give_back(chip, attempts);
  }
  const CardKey* enc = find_key(find_application(chip.nvm(), session->owner)->sd, session->key_version, 1);
  if (enc->type() == key_type::kDes) {
    ++edit_application(chip.memory.write(), session->owner).sd.counters[session->key_version];
  }
  channel.session = std::move(session);
  return {};
}

}  // namespace cw::se
