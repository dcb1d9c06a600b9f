// PUT KEY (GPCS 11.8).
#include "put_key_private.h"

namespace cw::se {
namespace {

constexpr uint8_t kExtendedFormat = 0xFF;
constexpr uint8_t kSeveralKeys = 0x80;
constexpr uint8_t kFactoryVersion = 0xFF;
constexpr uint8_t kRsaExponent = 0xA0;
constexpr uint8_t kRsaModulus = 0xA1;

// Components that belong to one RSA or ECC key and follow each other (GPCS table 11-16).
bool is_component(uint8_t type) {
  return (type >= 0xA0 && type <= 0xA8) || (type >= 0xB0 && type <= 0xB7) || type == 0xF0;
}
bool is_public(uint8_t type) {
  return type == 0xA0 || type == 0xA1 || type == 0xB0 || (type >= 0xB2 && type <= 0xB7) || type == 0xF0;
}

class KeyReader {
 public:
  KeyReader(ByteView bytes, const SecureSession& session) : rest_(bytes), session_(session) {}

  bool done() const { return rest_.empty(); }

  CardKey next(uint8_t version, uint8_t id) {
    CardKey key;
    key.version = version;
    key.id = id;
    uint8_t type = number();
    const bool extended = type == kExtendedFormat;
    if (extended) type = number();
    if (type != key_type::kDes && type != key_type::kAes && !is_component(type)) {
      refuse(sw::kAlgorithm, "the card has no keys of this type");
    }
    key.parts.push_back(component(type, extended));
    while (is_component(type) && !rest_.empty()) {
      if (type == kRsaModulus && key.parts.size() == 1 && check_value_before_exponent()) rest_ = rest_.subspan(1);
      if (!is_component(rest_[0])) break;
      key.parts.push_back(component(number(), extended));
    }
    const Bytes expected = to_bytes(take(number()));
    if (extended) {
      const ByteView usage = take(number());
      const ByteView access = take(number());
      if (!usage.empty()) key.usage = usage[0];
      if (!access.empty()) key.access = access[0];
    }
    const Bytes actual = key_check_value(key);
    if (!expected.empty() && !actual.empty() && expected != actual) {
      refuse(sw::kKeyCheckValue, "the key check value differs: the key did not arrive as it was meant");
    }
    return key;
  }

 private:
  KeyComponent component(uint8_t type, bool extended) {
    const size_t length = extended ? long_number() : length_field();
    const ByteView block = take(length);
    if (is_public(type)) return {type, to_bytes(block)};
    return {type, decrypt(block)};
  }

  // GPCS tables 11-70, 11-71: a whole number of cipher blocks is the value alone, else a length byte is in front.
  Bytes decrypt(ByteView block) const {
    const size_t unit = session_.dek_block();
    if (block.empty()) refuse(sw::kWrongData, "an empty key");
    if (block.size() % unit == 0) return session_.decrypt_key_data(block);
    const size_t size = block[0];
    const ByteView encrypted = block.subspan(1);
    if (encrypted.size() % unit != 0 || encrypted.empty() || size == 0 || size > encrypted.size()) {
      refuse(sw::kWrongData, "the encrypted key is no whole number of blocks");
    }
    Bytes value = session_.decrypt_key_data(encrypted);
    value.resize(size);
    return value;
  }

  // gpshell puts an empty check value behind the modulus too (kaoh/globalplatform, put_rsa_key in globalplatform.c).
  bool check_value_before_exponent() const { return rest_.size() > 1 && rest_[0] == 0x00 && rest_[1] == kRsaExponent; }

  uint8_t number() { return take(1)[0]; }
  size_t long_number() { return read_be(take(2)); }
  // One byte up to 127; RSA moduli come as 81 80 or, from older hosts, as 80 alone.
  size_t length_field() {
    const uint8_t first = number();
    if (first == 0x81) return number();
    if (first == 0x82) return long_number();
    return first;
  }
  ByteView take(size_t count) {
    if (count > rest_.size()) refuse(sw::kWrongData, "the key data is cut");
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  ByteView rest_;
  const SecureSession& session_;
};

void check_version(uint8_t version) {
  if (version == 0 || version > 0x7F) refuse(sw::kWrongData, "a key version is 01 to 7F");
}

// The only set is the factory's FF: the first set of the owner takes its place.
bool only_factory_set(const Domain& domain) {
  return !domain.keys.empty() && std::all_of(domain.keys.begin(), domain.keys.end(),
                                             [](const CardKey& key) { return key.version == kFactoryVersion; });
}

void add_keys(Domain& domain, const std::vector<CardKey>& keys) {
  for (const CardKey& key : keys) {
    if (find_key(domain, key.version, key.id) != nullptr) {
      refuse(sw::kWrongData, "a key of this version and identifier is there already; name its version to replace it");
    }
    domain.keys.push_back(key);
  }
}

void replace_keys(Domain& domain, uint8_t replaced, const std::vector<CardKey>& keys) {
  for (const CardKey& key : keys) {
    const auto old = std::find_if(domain.keys.begin(), domain.keys.end(), [&](const CardKey& other) {
      return other.version == replaced && other.id == key.id;
    });
    if (old == domain.keys.end()) refuse(sw::kNoReference, "no such key to replace");
    if (old->type() != key.type() || old->size() != key.size()) {
      refuse(sw::kWrongData, "a key is replaced by one of the same type and size");
    }
    if (key.version != replaced && find_key(domain, key.version, key.id) != nullptr) {
      refuse(sw::kWrongData, "the new key version is there already");
    }
    *old = key;
  }
}

}  // namespace

void accept_keys(Domain& domain, uint8_t replaced, const std::vector<CardKey>& keys) {
  if (keys.empty()) refuse(sw::kWrongData, "no keys");
  if (replaced == 0 && only_factory_set(domain)) {
    domain.keys.clear();
    domain.counters.clear();
    domain.attempts.clear();
  }
  if (replaced == 0) {
    add_keys(domain, keys);
  } else {
    replace_keys(domain, replaced, keys);
  }
  for (const uint8_t version : {keys[0].version, replaced}) {
    domain.counters.erase(version);
    if (version != 0) domain.attempts.erase(version);
  }
}

void personalize_if_keyed(Application& domain) {
  if (domain.state == state::kSelectable && !domain.sd.personalized_explicitly && default_version(domain.sd) != 0) {
    domain.state = state::kPersonalized;
  }
}

Reply put_key(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& performer = chip.performer(channel);
  const bool several = (command.p2 & kSeveralKeys) != 0;
  const uint8_t first_id = command.p2 & 0x7F;
  if (command.p1 == kFactoryVersion) refuse(sw::kWrongP1P2, "factory keys (version FF) cannot be put back");
  if (first_id == 0) refuse(sw::kWrongP1P2, "key identifiers begin with 1");
  if (command.data.empty()) refuse(sw::kWrongLength, "PUT KEY without data");
  const uint8_t version = command.data[0];
  check_version(version);

  KeyReader reader(command.data.subspan(1), *channel.session);
  std::vector<CardKey> keys;
  for (unsigned id = first_id; !reader.done(); ++id) {
    if (id > 0x7F) refuse(sw::kWrongData, "too many keys");
    keys.push_back(reader.next(version, u8(id)));
  }
  // gpshell brings token and receipt key under P2 01 (kaoh/globalplatform, put_delegated_management_keys).
  const bool delegated_management = keys.size() == 2 && keys[0].type() == kRsaModulus;
  if (keys.size() > 1 && !several && !delegated_management) {
    refuse(sw::kWrongData, "several keys, and P2 announces one");
  }

  Reply reply{begin_with({version}, 3 * keys.size())};
  for (const CardKey& key : keys) append(reply.data, key_check_value(key));
  const Aid aid = performer.aid;
  const bool issuer = is_issuer_domain(chip.nvm(), performer);
  Application& domain = edit_application(chip.memory.write(), aid);
  accept_keys(domain.sd, command.p1, keys);
  if (!issuer) personalize_if_keyed(domain);
  return reply;
}

}  // namespace cw::se
