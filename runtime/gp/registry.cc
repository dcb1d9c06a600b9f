#include "gp/registry.h"

#include "base/error.h"

namespace cw::gp {

namespace {

struct PrivilegeRow {
  uint8_t byte;
  uint8_t mask;
  uint8_t value;
  std::string_view name;
};

// GPCS tables 11-7 to 11-9. Bits 7 and 1 of the first byte share a meaning: DAP verification, and mandated.
constexpr PrivilegeRow kPrivileges[] = {
    {0, 0x80, 0x80, "SecurityDomain"},
    {0, 0xC1, 0xC0, "DAPVerification"},
    {0, 0xA0, 0xA0, "DelegatedManagement"},
    {0, 0x10, 0x10, "CardLock"},
    {0, 0x08, 0x08, "CardTerminate"},
    {0, 0x04, 0x04, "CardReset"},
    {0, 0x02, 0x02, "CVMManagement"},
    {0, 0xC1, 0xC1, "MandatedDAPVerification"},
    {1, 0x80, 0x80, "TrustedPath"},
    {1, 0x40, 0x40, "AuthorizedManagement"},
    {1, 0x20, 0x20, "TokenVerification"},
    {1, 0x10, 0x10, "GlobalDelete"},
    {1, 0x08, 0x08, "GlobalLock"},
    {1, 0x04, 0x04, "GlobalRegistry"},
    {1, 0x02, 0x02, "FinalApplication"},
    {1, 0x01, 0x01, "GlobalService"},
    {2, 0x80, 0x80, "ReceiptGeneration"},
    {2, 0x40, 0x40, "CipheredLoadFileDataBlock"},
    {2, 0x20, 0x20, "ContactlessActivation"},
    {2, 0x10, 0x10, "ContactlessSelfActivation"},
};

struct StateRow {
  uint8_t value;
  std::string_view name;
};

// GPCS tables 11-3 to 11-6.
constexpr StateRow kCardStates[] = {
    {0x01, "OP_READY"}, {0x07, "INITIALIZED"}, {0x0F, "SECURED"}, {0x7F, "CARD_LOCKED"}, {0xFF, "TERMINATED"}};
constexpr StateRow kApplicationStates[] = {{0x03, "INSTALLED"}, {0x07, "SELECTABLE"}};
constexpr StateRow kDomainStates[] = {{0x03, "INSTALLED"}, {0x07, "SELECTABLE"}, {0x0F, "PERSONALIZED"}};
constexpr StateRow kLoadFileStates[] = {{0x01, "LOADED"}};

std::string_view state_name(std::span<const StateRow> rows, uint8_t value) {
  for (const StateRow& row : rows) {
    if (row.value == value) return row.name;
  }
  return {};
}

RegistryEntry entry_of(const card::Tlv& object) {
  RegistryEntry out;
  for (const card::Tlv& part : object.children) {
    switch (part.tag) {
      case 0x4F:
        out.aid = part.value;
        break;
      case 0x9F70:
        out.life_cycle = part.value;
        break;
      case 0xC5:
        out.privileges = part.value;
        break;
      case 0xCF:
        append(out.implicit_selection, part.value);
        break;
      case 0xC4:
        out.load_file_aid = part.value;
        break;
      case 0xCE:
        out.version = part.value;
        break;
      case 0xCC:
        out.associated_sd_aid = part.value;
        break;
      case 0x84:
        out.modules.push_back(part.value);
        break;
      default:
        out.other.push_back(part);
        break;
    }
  }
  if (out.aid.empty()) {
    throw Error(ErrorKind::card, "reading GET STATUS: an entry E3 has no AID (4F); join all parts after 6310 first");
  }
  return out;
}

/// The legacy format is not TLV: fields one after the other, told apart by position alone.
class LegacyReader {
 public:
  explicit LegacyReader(ByteView rest) : rest_(rest) {}

  bool done() const { return rest_.empty(); }
  Bytes take(size_t count) {
    if (count > rest_.size()) {
      throw Error(ErrorKind::card,
                  "reading GET STATUS (legacy format): the data end inside an entry; join all parts "
                  "after 6310 first, or it is the TLV format");
    }
    Bytes out = to_bytes(rest_.first(count));
    rest_ = rest_.subspan(count);
    return out;
  }
  uint8_t byte() { return take(1)[0]; }
  Bytes aid() {
    const size_t size = byte();
    if (size < 5 || size > 16) {
      throw Error(ErrorKind::card, "reading GET STATUS (legacy format): an AID of " + std::to_string(size) +
                                       " bytes, 5 to 16 are allowed; this may be the TLV format");
    }
    return take(size);
  }

 private:
  ByteView rest_;
};

}  // namespace

std::vector<RegistryEntry> parse_registry(ByteView joined) {
  std::vector<RegistryEntry> out;
  for (const card::Tlv& object : card::parse_tlv(joined)) {
    if (object.tag == 0xE3) out.push_back(entry_of(object));
  }
  return out;
}

std::vector<RegistryEntry> parse_registry_legacy(ByteView joined, RegistryScope scope) {
  std::vector<RegistryEntry> out;
  for (LegacyReader reader(joined); !reader.done();) {
    RegistryEntry entry;
    entry.aid = reader.aid();
    entry.life_cycle = reader.take(1);
    entry.privileges = reader.take(1);
    if (scope == RegistryScope::load_files_and_modules) {
      for (uint8_t count = reader.byte(); count > 0; --count) entry.modules.push_back(reader.aid());
    }
    out.push_back(std::move(entry));
  }
  return out;
}

std::vector<std::string_view> privilege_names(ByteView privileges) {
  std::vector<std::string_view> out;
  for (const PrivilegeRow& row : kPrivileges) {
    if (row.byte < privileges.size() && (privileges[row.byte] & row.mask) == row.value) out.push_back(row.name);
  }
  return out;
}

std::string_view life_cycle_name(RegistryScope scope, ByteView privileges, uint8_t life_cycle) {
  switch (scope) {
    case RegistryScope::issuer_security_domain:
      return state_name(kCardStates, life_cycle);
    case RegistryScope::load_files:
    case RegistryScope::load_files_and_modules:
      return state_name(kLoadFileStates, life_cycle);
    case RegistryScope::applications:
      break;
  }
  if ((life_cycle & 0x80) != 0) return "LOCKED";
  const bool domain = !privileges.empty() && (privileges[0] & 0x80) != 0;
  const std::string_view name =
      domain ? state_name(kDomainStates, life_cycle) : state_name(kApplicationStates, life_cycle);
  // 07 to 7F with b3 b2 b1 set are the application's own states, all of them selectable (GPCS table 11-4).
  return name.empty() && !domain && (life_cycle & 0x07) == 0x07 ? "SELECTABLE" : name;
}

}  // namespace cw::gp
