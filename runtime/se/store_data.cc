// STORE DATA to a security domain (GPCS 11.11), and through it to an application (11.5.2.3.6).
#include "content_private.h"
#include "put_key_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

// P1.
constexpr uint8_t kLast = 0x80;
constexpr uint8_t kEncryption = 0x60;
constexpr uint8_t kEncrypted = 0x60;
constexpr uint8_t kStructure = 0x18;
constexpr uint8_t kGroups = 0x08;
constexpr uint8_t kNoStructure = 0x00;

// Data groups.
constexpr uint32_t kAid = 0x4F;
constexpr uint16_t kDataObjects = 0x0070;
constexpr uint16_t kKeyAttributes = 0x00B9;
constexpr uint16_t kKeyValue = 0x8113;

constexpr size_t kBufferLimit = 4096;

constexpr uint32_t kKeyReference = 0xA6;
constexpr uint32_t kCertificateStore = 0xBF21;
constexpr uint32_t kCertificate = 0x7F21;
constexpr uint32_t kX509 = 0x30;

// What an SD takes (GPCS H.1 to H.6 and 11.11.4.1): IIN, CIN, image number, URL, recognition data, certificates,
// diversification data, pre-personalization data.
constexpr std::array<uint16_t, 10> kObjects = {0x0042, 0x0045, 0x5F20, 0x5F50, 0x0066,
                                               0x0073, 0x7F21, 0x00CF, 0x9F66, 0x9F67};

void store_object(Domain& domain, uint32_t tag, ByteView value) {
  if (std::find(kObjects.begin(), kObjects.end(), tag) == kObjects.end()) {
    refuse(sw::kWrongData, "a security domain has no such data object");
  }
  domain.objects[u16(tag)] = to_bytes(value);
}

// Amd F: A6 { 83 key identifier, version } says of which key the certificates in the BF21 behind it are; an empty BF21
// takes them away. They are kept as they came: what is in them is for whoever reads them.
void store_certificates(Domain& domain, ByteView reference, ByteView store) {
  const uint16_t key = key_reference(reference);
  if (find_key(domain, u8(key), u8(key >> 8)) == nullptr) refuse(sw::kNoReference, "there is no such key to certify");
  if (store.empty()) {
    domain.certificates.erase(key);
    return;
  }
  for (const Tlv& one : parse_tlvs(store)) {
    if (one.tag != kCertificate && one.tag != kX509)
      refuse(sw::kWrongData, "BF21 holds something that is no certificate");
  }
  domain.certificates[key] = to_bytes(store);
}

// The issuer security domain under another AID, with all that names it (martinpaljak/GlobalPlatformPro GPSession.java,
// renameISD). The session goes on.
void rename_issuer(Chip& chip, ByteView value) {
  const Nvm& nvm = chip.nvm();
  const Aid before = issuer_domain(nvm).aid;
  const Aid after = checked_aid(value);
  if (after == before) return;
  if (find_application(nvm, after) != nullptr || find_load_file(nvm, after) != nullptr) {
    refuse(sw::kConditions, "this AID is in the registry already");
  }
  const auto follow = [&](Aid& aid) {
    if (aid == before) aid = after;
  };
  Nvm& memory = chip.memory.write();
  memory.applications.front().edit().aid = after;
  for (auto& entry : memory.applications) follow(entry.edit().domain);
  for (auto& entry : memory.load_files) follow(entry.edit().domain);
  for (LogicalChannel& channel : chip.channels) {
    follow(channel.selected);
    if (channel.session) follow(channel.session->owner);
  }
  chip.load.reset();
}

// Attributes of keys to come: B7 for all, B9 for one (GPCS 11.11.3.2.3).
struct KeyAttributes {
  uint8_t type = 0, length = 0, id = 0, version = 0, usage = 0, access = 0;
  Bytes check_value{};

  void read(ByteView bytes) {
    for (const Tlv& one : parse_tlvs(bytes)) {
      if (one.tag == 0x84) check_value = to_bytes(one.value);
      if (one.value.size() != 1) continue;
      switch (one.tag) {
        case 0x80:
          type = one.value[0];
          break;
        case 0x81:
          length = one.value[0];
          break;
        case 0x82:
          id = one.value[0];
          break;
        case 0x83:
          version = one.value[0];
          break;
        case 0x95:
          usage = one.value[0];
          break;
        case 0x96:
          access = one.value[0];
          break;
        default:
          break;
      }
    }
  }
};

std::vector<KeyAttributes> read_attributes(ByteView value) {
  KeyAttributes common;
  std::vector<KeyAttributes> keys;
  for (const Tlv& one : parse_tlvs(value)) {
    if (one.tag == 0xB7) common.read(one.value);
    if (one.tag != 0xB9) continue;
    keys.push_back(common);
    keys.back().read(one.value);
  }
  return keys;
}

CardKey read_key(const KeyAttributes& attributes, ByteView encrypted, const SecureSession& session) {
  const size_t unit = session.dek_block();
  if (encrypted.size() % unit != 0 || attributes.length > encrypted.size()) {
    refuse(sw::kWrongData, "a key value is no whole number of cipher blocks");
  }
  CardKey key;
  key.id = attributes.id;
  key.version = attributes.version;
  key.usage = attributes.usage;
  key.access = attributes.access;
  Bytes value = session.decrypt_key_data(encrypted);
  value.resize(attributes.length);
  key.parts.push_back({attributes.type, std::move(value)});
  if (key.type() != key_type::kDes && key.type() != key_type::kAes) {
    refuse(sw::kAlgorithm, "STORE DATA brings DES and AES keys only");
  }
  if (key.version == 0 || key.version > 0x7F || key.id == 0 || key.id > 0x7F) {
    refuse(sw::kWrongData, "a key without identifier and version");
  }
  if (!attributes.check_value.empty() && attributes.check_value != key_check_value(key)) {
    refuse(sw::kKeyCheckValue, "the key check value differs");
  }
  return key;
}

// One data group from the front of `bytes`: identifier, length (one byte, or FF and two), value.
struct Group {
  uint16_t id = 0;
  ByteView value{};
};
std::optional<Group> take_group(ByteView& bytes) {
  if (bytes.size() < 3) return {};
  const bool is_long = bytes[2] == 0xFF;
  const size_t header = is_long ? 5 : 3;
  if (bytes.size() < header) return {};
  const size_t length = is_long ? read_be(bytes.subspan(3, 2)) : bytes[2];
  if (bytes.size() < header + length) return {};
  const Group group{u16(read_be(bytes.first(2))), bytes.subspan(header, length)};
  bytes = bytes.subspan(header + length);
  return group;
}

// A run of data groups. Keys are put in together when their last value has come.
void store_groups(Domain& domain, ByteView bytes, bool encrypted, const SecureSession& session) {
  std::vector<KeyAttributes> expected;
  std::vector<CardKey> keys;
  Bytes plain;
  while (const std::optional<Group> group = take_group(bytes)) {
    ByteView value = group->value;
    if (group->id == kKeyAttributes) {
      expected = read_attributes(value);
      keys.clear();
      continue;
    }
    if (group->id == kKeyValue) {
      if (keys.size() >= expected.size()) refuse(sw::kWrongData, "a key value (8113) without attributes (00B9)");
      keys.push_back(read_key(expected[keys.size()], value, session));
      if (keys.size() == expected.size()) accept_keys(domain, 0, std::exchange(keys, {}));
      continue;
    }
    if (encrypted) {
      if (value.empty() || value.size() % session.dek_block() != 0) {
        refuse(sw::kWrongData, "an encrypted data group is no whole number of blocks");
      }
      plain = session.decrypt_key_data(value);
      value = ByteView(plain).first(unpadded_size(plain).value_or(plain.size()));
    }
    if (group->id == kDataObjects) {
      for (const Tlv& one : parse_tlvs(value)) store_object(domain, one.tag, one.value);
    } else {
      store_object(domain, group->id, value);
    }
  }
  if (!bytes.empty()) refuse(sw::kWrongData, "the last data group is cut");
  if (!keys.empty()) refuse(sw::kWrongData, "key values (8113) are missing");
}

Reply store_in_domain(Chip& chip, LogicalChannel& channel, const Application& performer, const Command& command) {
  const uint8_t structure = command.p1 & kStructure;
  if (structure == kStructure) refuse(sw::kWrongP1P2, "STORE DATA has no such data structure");
  if (structure == kNoStructure && chip.flavor.store_data_wants_format) {
    refuse(sw::kWrongData, "this product wants the data's format in P1 (b5 b4)");
  }
  // Objects may go on over several blocks, so they are looked at together, and stored all or none.
  append(channel.store_data, command.data);
  if (channel.store_data.size() > kBufferLimit) {
    channel.store_data.clear();
    refuse(sw::kNoMemory, "more STORE DATA in one go than this card takes");
  }
  if ((command.p1 & kLast) == 0) return {};
  const Bytes data = std::exchange(channel.store_data, {});
  const bool encrypted = (command.p1 & kEncryption) == kEncrypted;

  const bool issuer = is_issuer_domain(chip.nvm(), performer);
  std::optional<ByteView> new_name, reference;
  Application& domain = edit_application(chip.memory.write(), performer.aid);
  if (structure == kGroups) {
    store_groups(domain.sd, data, encrypted, *channel.session);
  } else {
    if (encrypted) refuse(sw::kWrongData, "only data groups come encrypted");
    for (const Tlv& one : parse_tlvs(data)) {
      if (one.tag == kDataObjects) {
        for (const Tlv& inner : parse_tlvs(one.value)) store_object(domain.sd, inner.tag, inner.value);
      } else if (one.tag == kKeyReference) {
        reference = one.value;
      } else if (one.tag == kCertificateStore) {
        if (!reference) refuse(sw::kWrongData, "certificates (BF21) without the key that they are of (A6)");
        store_certificates(domain.sd, *std::exchange(reference, {}), one.value);
      } else if (issuer && one.tag == kAid) {
        new_name = one.value;
      } else {
        store_object(domain.sd, one.tag, one.value);
      }
    }
  }
  if (reference) refuse(sw::kWrongData, "a key (A6) and nothing behind it");
  if (new_name) rename_issuer(chip, *new_name);
  if (issuer) return {};
  personalize_if_keyed(domain);
  if (domain.sd.personalized_explicitly && domain.state == state::kSelectable) domain.state = state::kPersonalized;
  return {};
}

}  // namespace

Reply store_data(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& performer = chip.performer(channel);
  if (!channel.personalizing) return store_in_domain(chip, channel, performer, command);

  const Aid target = *channel.personalizing;
  if (find_application(chip.nvm(), target) == nullptr) {
    channel.personalizing.reset();
    refuse(sw::kConditions, "the application to personalize is gone");
  }
  store_in_instance(edit_application(chip.memory.write(), target), command, channel.session.get());
  if ((command.p1 & kLast) != 0) channel.personalizing.reset();
  return {};
}

}  // namespace cw::se
