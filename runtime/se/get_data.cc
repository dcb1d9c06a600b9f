// GET DATA to a security domain (GPCS 11.3 and appendix H). Free for all: nothing here is secret.
#include "commands_private.h"
#include "keys_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

constexpr uint16_t kListOfApplications = 0x2F00;
constexpr uint16_t kCertificateStore = 0xBF21;

// GPCS H.2: OIDs of GlobalPlatform and its version, and under 64 each secure channel protocol with its option. That of
// the key version which is used without a number comes first: gpshell takes the first one for it (kaoh/globalplatform,
// GP211_get_secure_channel_protocol_details). `keys` is the domain whose keys serve.
Bytes card_recognition_data(const Flavor& flavor, const Domain& domain, const Domain& keys) {
  const Bytes globalplatform = {0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B};
  const auto oid = [&](std::initializer_list<uint8_t> tail) {
    Bytes value = globalplatform;
    append(value, tail);
    return tlv(0x06, value);
  };
  Bytes inner = oid({0x01});
  const auto [major, minor, maintenance] = flavor.gp_version;
  put_tlv(inner, 0x60, oid({0x02, major, minor, maintenance}));
  put_tlv(inner, 0x63, oid({0x03}));
  const bool listed = domain.scp02_i || domain.scp03_i;
  const auto i03 = listed ? domain.scp03_i : flavor.scp03_i;
  const auto i02 = listed ? domain.scp02_i : flavor.scp02_i;
  const CardKey* used = find_key(keys, default_version(keys), 1);
  const bool scp02_first = used != nullptr && used->type() == key_type::kDes;
  if (i02 && scp02_first) put_tlv(inner, 0x64, oid({0x04, 0x02, *i02}));
  if (i03) put_tlv(inner, 0x64, oid({0x04, 0x03, *i03}));
  if (i02 && !scp02_first) put_tlv(inner, 0x64, oid({0x04, 0x02, *i02}));
  return tlv(0x66, tlv(0x73, inner));
}

// 11.3.3.1.1: of an ECC point the length without its 04; of a reference to a curve the reference itself.
size_t shown_length(const KeyComponent& part) {
  const Bytes& value = part.value;
  if (part.type == 0xF0 && !value.empty()) return value.back();
  return part.type == 0xB0 && !value.empty() ? value.size() - 1 : value.size();
}

// GPCS 11.3.3.1: C0 with identifier, version and type-length pairs; lengths over 255 take the extended format.
Bytes key_information(const Domain& domain) {
  Bytes inner;
  for (const CardKey& key : domain.keys) {
    const bool extended = std::any_of(key.parts.begin(), key.parts.end(),
                                      [](const KeyComponent& part) { return part.value.size() > 255; });
    Bytes entry = begin_with({key.id, key.version}, 16);
    for (const KeyComponent& part : key.parts) {
      if (extended) entry.push_back(0xFF);
      entry.push_back(part.type);
      append_be(entry, shown_length(part), extended ? 2 : 1);
    }
    if (extended) append(entry, {0x01, key.usage, 0x01, key.access});
    put_tlv(inner, 0xC0, entry);
  }
  return tlv(0xE0, inner);
}

// GPCS H.5, C1: of the default key version.
Bytes sequence_counter(const Domain& domain) {
  const uint8_t version = default_version(domain);
  const auto at = domain.counters.find(version);
  Bytes value;
  append_be(value, at == domain.counters.end() ? 0 : at->second,
            find_key(domain, version, 1)->type() == key_type::kAes ? 3 : 2);
  return tlv(0xC1, value);
}

// ETSI TS 102 226 8.2.1.7.2, extended card resources: applications, free non-volatile and volatile memory.
Bytes resources(const Chip& chip) {
  Bytes inner = tlv(0x81, Bytes{u8(std::min<size_t>(chip.nvm().applications.size() - 1, 255))});
  Bytes number;
  append_be(number, chip.free_nvm(), 4);
  put_tlv(inner, 0x82, number);
  number.clear();
  const size_t ram = ram_used(chip.nvm());
  append_be(number, chip.flavor.ram_bytes > ram ? chip.flavor.ram_bytes - ram : 0, 4);
  put_tlv(inner, 0x83, number);
  return tlv(0xFF21, inner);
}

// The Issuer Security Domain's own objects that come from the factory.
const Bytes* factory_object(const Flavor& flavor, uint16_t tag) {
  switch (tag) {
    case 0x9F7F:
      return &flavor.cplc;
    case 0x0042:
      return &flavor.iin;
    case 0x0045:
      return &flavor.cin;
    default:
      return nullptr;
  }
}

// GPCS H.5, C2: of the next receipt.
Bytes confirmation_counter(const Domain& domain) {
  Bytes value;
  append_be(value, domain.confirmations, 2);
  return tlv(0xC2, value);
}

// The whole data object, tag and length included.
Bytes data_object(const Chip& chip, const Application& domain, uint16_t tag) {
  const bool issuer = is_issuer_domain(chip.nvm(), domain);
  const auto stored = domain.sd.objects.find(tag);
  if (stored != domain.sd.objects.end()) return tlv(tag, stored->second);
  switch (tag) {
    case 0x0066:
      if (issuer && !chip.flavor.card_data.empty()) return chip.flavor.card_data;
      return card_recognition_data(chip.flavor, domain.sd, key_owner(chip.nvm(), domain).sd);
    case 0x0067:
      if (issuer && !chip.flavor.capabilities.empty()) return chip.flavor.capabilities;
      break;
    case 0x00E0:
      if (!domain.sd.keys.empty()) return key_information(domain.sd);
      break;
    case 0x00C1:
      if (default_version(domain.sd) != 0) return sequence_counter(domain.sd);
      break;
    case 0x00C2:
      if (domain.has(privilege::kReceiptGeneration)) return confirmation_counter(domain.sd);
      break;
    case 0x00CF:
      return tlv(0xCF, chip.flavor.diversification_data);
    case 0xFF21:
      if (chip.flavor.content_management) return resources(chip);
      break;
    default:
      break;
  }
  const Bytes* factory = issuer ? factory_object(chip.flavor, tag) : nullptr;
  if (factory == nullptr || factory->empty()) refuse(sw::kNoReference, "the security domain has no such data object");
  return tlv(tag, *factory);
}

// GPCS 11.3.3.1.3: the applications of the domain, or all of them with the Global Registry privilege.
Bytes list_of_applications(const Chip& chip, const Application& domain, ByteView tag_list) {
  if (!equal(tag_list, Bytes{0x5C, 0x00})) refuse(sw::kWrongData, "the list of applications wants the tag list 5C 00");
  Bytes list;
  for (const auto& entry : chip.nvm().applications) {
    if (!domain.has(privilege::kGlobalRegistry) && entry->domain != domain.aid) continue;
    put_tlv(list, 0x61, tlv(0x4F, entry->aid));
  }
  return list;
}

// Amd F: those of the key that A6 { 83 identifier, version } names.
Bytes certificates_of(const Domain& domain, ByteView data) {
  const std::optional<ByteView> reference = find_tlv(parse_tlvs(data), 0xA6);
  if (!reference) refuse(sw::kWrongData, "certificates of which key? A6 is missing");
  const auto found = domain.certificates.find(key_reference(*reference));
  if (found == domain.certificates.end()) refuse(sw::kNoReference, "the key has no certificates");
  return tlv(kCertificateStore, found->second);
}

}  // namespace

Bytes object_of(const Chip& chip, const Application& domain, uint16_t tag) {
  const auto stored = domain.sd.objects.find(tag);
  if (stored != domain.sd.objects.end()) return stored->second;
  const Bytes* factory = is_issuer_domain(chip.nvm(), domain) ? factory_object(chip.flavor, tag) : nullptr;
  return factory == nullptr ? Bytes() : *factory;
}

Reply get_data(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& domain = chip.selected(channel);
  const uint16_t tag = command.p1p2();
  // In the class of ISO 7816-4 the list is a file's contents, behind the odd instruction (11.3.2); it has no other
  // file.
  const bool file = command.ins == ins::kGetDataOdd;
  if (tag == kListOfApplications && file != command.globalplatform()) {
    return {list_of_applications(chip, domain, command.data)};
  }
  if (file || tag == kListOfApplications) refuse(sw::kNoReference, "the security domain has no such file");
  const Bytes object =
      tag == kCertificateStore ? certificates_of(domain.sd, command.data) : data_object(chip, domain, tag);
  if (command.globalplatform()) return {object};
  return {to_bytes(TlvReader(object).next()->value)};  // 11.3.3.1: an ISO command gets the value alone
}

}  // namespace cw::se
