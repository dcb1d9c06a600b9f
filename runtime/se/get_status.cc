// GET STATUS (GPCS 11.4): the registry as a domain may see it, in pages.
#include "commands_private.h"
#include "registry_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

// P1.
constexpr uint8_t kIssuerDomain = 0x80;
constexpr uint8_t kApplications = 0x40;
constexpr uint8_t kLoadFiles = 0x20;
constexpr uint8_t kModules = 0x10;
// P2.
constexpr uint8_t kNext = 0x01;
constexpr uint8_t kTlv = 0x02;

// A page leaves room for R-MAC and the padding of R-ENC within a short answer.
constexpr size_t kPage = 255;
constexpr size_t kProtectedPage = 223;

struct Criteria {
  ByteView aid{};               // beginning of the AIDs wanted
  std::optional<Bytes> tags{};  // 5C
};

Criteria parse_criteria(ByteView data) {
  Criteria criteria;
  const std::vector<Tlv> fields = parse_tlvs(data);
  const auto aid = find_tlv(fields, 0x4F);
  if (!aid) refuse(sw::kWrongData, "GET STATUS wants a search criterion (4F)");
  criteria.aid = *aid;
  if (const auto tags = find_tlv(fields, 0x5C)) criteria.tags = to_bytes(*tags);
  return criteria;
}

bool wants(const Criteria& criteria, uint32_t tag) {
  if (!criteria.tags) return true;
  const ByteView list = *criteria.tags;
  for (size_t at = 0; at < list.size();) {
    const bool two = (list[at] & 0x1F) == 0x1F && at + 1 < list.size();
    if (read_be(list.subspan(at, two ? 2 : 1)) == tag) return true;
    at += two ? 2 : 1;
  }
  return false;
}

class Lister {
 public:
  Lister(const Chip& chip, const Application& performer, const Criteria& criteria, bool tlv_format)
      : chip_(chip), performer_(performer), criteria_(criteria), tlv_(tlv_format) {}

  std::vector<Bytes> list(uint8_t what) {
    const Nvm& nvm = chip_.nvm();
    for (const auto& entry : nvm.applications) {
      const uint8_t kind = is_issuer_domain(nvm, *entry) ? kIssuerDomain : kApplications;
      if ((what & kind) != 0 && matches(entry->aid, entry->domain)) add(*entry);
    }
    for (const auto& entry : nvm.load_files) {
      if ((what & (kLoadFiles | kModules)) != 0 && matches(entry->aid, entry->domain)) {
        add(*entry, (what & kModules) != 0);
      }
    }
    return std::move(entries_);
  }

 private:
  // Without Global Registry a domain sees itself and what hangs below it (GPCS 6.6.3).
  bool matches(ByteView aid, ByteView domain) const {
    if (aid.size() < criteria_.aid.size() || !equal(aid.first(criteria_.aid.size()), criteria_.aid)) return false;
    return performer_.has(privilege::kGlobalRegistry) || equal(aid, performer_.aid) ||
           is_at_or_above(chip_.nvm(), performer_, domain);
  }

  void field(Bytes& out, uint32_t tag, ByteView value) const {
    if (tag == 0x4F || wants(criteria_, tag)) put_tlv(out, tag, value);
  }

  void add(const Application& application) {
    const uint8_t state = shown_state(chip_.nvm(), application);
    Bytes privileges;
    append_be(privileges, application.privileges, 3);
    Bytes out;
    if (!tlv_) {
      put_lv(out, application.aid);
      append(out, {state, privileges[0]});
    } else {
      field(out, 0x4F, application.aid);
      field(out, 0x9F70, Bytes{state});
      field(out, 0xC5, privileges);
      if (!application.load_file.empty()) field(out, 0xC4, application.load_file);
      field(out, 0xCC, application.domain);
      out = tlv(0xE3, out);
    }
    entries_.push_back(std::move(out));
  }

  void add(const LoadFile& file, bool with_modules) {
    Bytes out;
    if (!tlv_) {
      put_lv(out, file.aid);
      append(out, {state::kLoaded, 0x00});
      if (with_modules) {
        out.push_back(u8(file.modules.size()));
        for (const Aid& module : file.modules) put_lv(out, module);
      }
    } else {
      Bytes version;
      append_be(version, file.version, 2);
      field(out, 0x4F, file.aid);
      field(out, 0x9F70, Bytes{state::kLoaded});
      field(out, 0xCE, version);
      if (with_modules) {
        for (const Aid& module : file.modules) field(out, 0x84, module);
      }
      field(out, 0xCC, file.domain);
      out = tlv(0xE3, out);
    }
    entries_.push_back(std::move(out));
  }

  const Chip& chip_;
  const Application& performer_;
  const Criteria& criteria_;
  bool tlv_;
  std::vector<Bytes> entries_{};
};

// Takes as many entries as fit. A card that splits takes bytes instead, and cuts the last entry.
Bytes take_page(std::vector<Bytes>& entries, size_t page, bool splits) {
  Bytes out;
  size_t taken = 0;
  while (taken < entries.size()) {
    Bytes& entry = entries[taken];
    if (out.size() + entry.size() > page) {
      if (splits) {
        const auto room = static_cast<std::ptrdiff_t>(page - out.size());
        out.insert(out.end(), entry.begin(), entry.begin() + room);
        entry.erase(entry.begin(), entry.begin() + room);
        break;
      }
      if (!out.empty()) break;
    }
    append(out, entry);
    ++taken;
  }
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(taken));
  return out;
}

}  // namespace

Reply get_status(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& performer = chip.performer(channel);
  const uint8_t what = command.p1;
  if (what == 0 || (what & 0x0F) != 0) refuse(sw::kWrongP1P2, "GET STATUS has P1 80, 40, 20, 10 or a sum of them");
  const bool tlv_format = (command.p2 & kTlv) != 0;
  if ((command.p2 & ~(kTlv | kNext)) != 0) refuse(sw::kWrongP1P2, "GET STATUS has no such P2");
  if (tlv_format && !chip.flavor.list_tlv) refuse(sw::kWrongP1P2, "this product lists in the legacy format only");
  if ((what & kModules) != 0 && !chip.flavor.list_modules) refuse(sw::kNotSupported, "this product lists no modules");

  StatusList& list = channel.list;
  const uint16_t scope = u16(command.p1p2() & ~kNext);
  if ((command.p2 & kNext) != 0) {
    if (list.entries.empty() || list.p1p2 != scope || !equal(list.criteria, command.data)) {
      list = {};
      refuse(sw::kConditions, "there is no such list to go on with");
    }
  } else {
    const Criteria criteria = parse_criteria(command.data);
    list = {scope, to_bytes(command.data), Lister(chip, performer, criteria, tlv_format).list(what)};
    if (list.entries.empty()) refuse(sw::kNoReference, "nothing in the registry matches");
  }
  const bool protected_answer = (channel.session->level() & (level::kRmac | level::kRenc)) != 0;
  Bytes page = take_page(list.entries, protected_answer ? kProtectedPage : kPage, chip.flavor.list_splits_entries);
  return {std::move(page), list.entries.empty() ? sw::kOk : sw::kMoreData};
}

}  // namespace cw::se
