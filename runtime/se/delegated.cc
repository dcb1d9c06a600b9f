#include "commands_private.h"
#include "crypto/digest.h"
#include "delegated_private.h"
#include "keys_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

constexpr uint8_t kTokenVersion = 0x70, kReceiptVersion = 0x71, kDapVersion = 0x73;
// Key usage qualifiers of GPCS 11.1.9; a key may have several.
constexpr uint8_t kVerifies = 0x80, kComputes = 0x40, kAuthorizes = 0x01, kChecksum = 0x04;
constexpr uint16_t kLastCounter = 0xFFFF;

const CardKey* key_for(const Domain& domain, uint8_t version, uint8_t usage) {
  for (const CardKey& key : domain.keys) {
    const bool told = key.usage != 0;
    if (told ? (key.usage & usage) == usage && key.version >= 0x70 : key.version == version) return &key;
  }
  return nullptr;
}

// The nearest domain with this privilege, from the performing one upwards (GPCS 9.1.3.3).
const Application* nearest_with(const Nvm& nvm, const Application& performer, uint32_t wanted) {
  const Application* at = &performer;
  for (size_t steps = 0; steps <= nvm.applications.size(); ++steps) {
    if (at->has(wanted)) return at;
    if (is_issuer_domain(nvm, *at)) break;
    at = &parent(nvm, *at);
  }
  return nullptr;
}

// The token names whom it is for, where it does (11.5.2.3.7, tags 42 and 45).
void check_reference(const Chip& chip, const Application& verifier, ByteView reference) {
  if (reference.empty()) return;
  for (const Tlv& one : parse_tlvs(reference)) {
    if (one.tag != 0x42 && one.tag != 0x45) continue;
    if (!equal(one.value, object_of(chip, verifier, u16(one.tag)))) {
      refuse(sw::kWrongData, "the token is for a domain with another identification (42, 45)");
    }
  }
}

const Application* required_verifier(const Nvm& nvm, const Load& load) {
  const auto has_block = [&](const Aid& aid) {
    return std::any_of(load.daps.begin(), load.daps.end(), [&](const DapBlock& dap) { return dap.domain == aid; });
  };
  for (const auto& entry : nvm.applications) {
    const bool requires_it = entry->has(privilege::kMandatedDap) ||
                             (entry->has(privilege::kDap) && entry->aid == load.domain);  // GPCS 9.3.5
    if (requires_it && !has_block(entry->aid)) return &*entry;
  }
  return nullptr;
}

}  // namespace

Bytes token_input(uint8_t p1, uint8_t p2, ByteView data) {
  Bytes out = {p1, p2};
  if (data.size() > 255) out.push_back(0x00);
  append_be(out, data.size(), data.size() > 255 ? 2 : 1);
  append(out, data);
  return out;
}

void check_token(Chip& chip, const Application& performer, const TokenUse& use) {
  // A domain that is managed by token does not check its own: it is its issuer who lets it.
  const Application& above = performer.has(privilege::kDelegatedManagement) && !is_issuer_domain(chip.nvm(), performer)
                                 ? parent(chip.nvm(), performer)
                                 : performer;
  const Application* verifier = nearest_with(chip.nvm(), above, privilege::kTokenManagement);
  if (verifier == nullptr) refuse(sw::kConditions, "no domain above this one verifies tokens");
  const CardKey* key = key_for(verifier->sd, kTokenVersion, kVerifies | kAuthorizes);
  if (key == nullptr) refuse(sw::kConditions, "the domain that verifies tokens has no token key (version 70)");
  check_reference(chip, *verifier, use.reference);
  if (verifies(*key, use.input, use.token)) return;
  count_failure(chip);
  refuse(sw::kWrongData, "the token is of another command, or of another key");
}

Bytes confirmation(Chip& chip, const Aid& performer, const TokenUse& use, ByteView fields) {
  const Nvm& nvm = chip.nvm();
  const Application* maker = nearest_with(nvm, *find_application(nvm, performer), privilege::kReceiptGeneration);
  const CardKey* key = maker != nullptr ? key_for(maker->sd, kReceiptVersion, kComputes | kChecksum) : nullptr;
  if (use.token.empty() || key == nullptr || maker->sd.confirmations == kLastCounter) return {0x00};

  Bytes data = {0x02};
  append_be(data, maker->sd.confirmations, 2);
  put_lv(data, concat({object_of(chip, *maker, 0x0042), object_of(chip, *maker, 0x0045)}));
  std::optional<ByteView> identifier;
  if (!use.reference.empty()) identifier = find_tlv(parse_tlvs(use.reference), 0x93);
  if (identifier) put_lv(data, *identifier);
  if (chip.flavor.receipts_have_digest) {
    if (!identifier) data.push_back(0x00);
    put_lv(data, crypto::digest(crypto::Hash::sha256, use.input));
  }
  const std::optional<Bytes> receipt = signature_by(*key, concat({data, to_bytes(fields)}));
  if (!receipt) return {0x00};

  ++edit_application(chip.memory.write(), Aid(maker->aid)).sd.confirmations;
  Bytes inner;
  put_ber_length(inner, receipt->size());
  append(inner, *receipt);
  append(inner, data);
  Bytes out;
  put_ber_length(out, inner.size());
  append(out, inner);
  return out;
}

void check_dap(const Nvm& nvm, const Load& load) {
  if (required_verifier(nvm, load) != nullptr) {
    refuse(sw::kConditions, "the load file has no DAP block of a domain that requires one");
  }
  for (const DapBlock& dap : load.daps) {
    const Application* domain = find_application(nvm, dap.domain);
    if (domain == nullptr) refuse(sw::kNoReference, "the domain of a DAP block is not on the card");
    if (!domain->has(privilege::kDap)) refuse(sw::kConditions, "the domain of a DAP block verifies none");
    const CardKey* key = key_for(domain->sd, kDapVersion, kVerifies | kChecksum);
    if (key == nullptr) refuse(sw::kConditions, "the domain of a DAP block has no DAP key (version 73)");
    if (!verifies(*key, load.hash, dap.signature)) {
      refuse(sw::kWrongData, "a DAP signature is of another load file, or of another key");
    }
  }
}

void count_failure(Chip& chip) {
  if (chip.flavor.load_failures == 0) return;
  Nvm& nvm = chip.memory.write();
  if (++nvm.failed_loads >= chip.flavor.load_failures) nvm.card_state = state::kCardLocked;
  chip.memory.commit();
}

}  // namespace cw::se
