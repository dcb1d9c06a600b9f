// The access rule application master, ARA-M (GPD Secure Element Access Control 1.1, chapter 4): which app on the phone
// may talk to which applet.
#include "commands_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

// STORE DATA commands.
constexpr uint32_t kStoreRule = 0xF0;
constexpr uint32_t kDeleteRules = 0xF1;
constexpr uint32_t kUpdateRefreshTag = 0xF2;
// Data objects.
constexpr uint32_t kRule = 0xE2;       // REF-AR-DO
constexpr uint32_t kReference = 0xE1;  // REF-DO: AID-REF-DO (4F or C0) and DeviceAppID-REF-DO (C1)
constexpr uint32_t kAccess = 0xE3;     // AR-DO: APDU-AR-DO (D0), NFC-AR-DO (D1)
constexpr uint32_t kAid = 0x4F;
// GET DATA.
constexpr uint16_t kAllRules = 0xFF40;
constexpr uint16_t kOneRule = 0xFF50;
constexpr uint16_t kRefreshTag = 0xDF20;

struct Rule {
  ByteView reference{};
  ByteView access{};
};

Rule parse_rule(ByteView rule) {
  const std::vector<Tlv> parts = parse_tlvs(rule);
  const auto reference = find_tlv(parts, kReference);
  const auto access = find_tlv(parts, kAccess);
  if (!reference || !access) refuse(sw::kWrongData, "a rule has a reference (E1) and access rights (E3)");
  return {*reference, *access};
}

// GPD SEAC 4.1: without reference all rules go, with an AID those of that applet, with a whole reference that one.
void delete_rules(std::vector<Bytes>& rules, ByteView what) {
  if (what.empty()) return rules.clear();
  const std::vector<Tlv> parts = parse_tlvs(what);
  const auto aid = find_tlv(parts, kAid);
  std::optional<ByteView> reference = find_tlv(parts, kReference);
  if (const auto whole = find_tlv(parts, kRule)) reference = parse_rule(*whole).reference;
  const size_t erased = std::erase_if(rules, [&](const Bytes& stored) {
    const Rule rule = parse_rule(stored);
    if (reference) return equal(rule.reference, *reference);
    const auto of = find_tlv(parse_tlvs(rule.reference), kAid);
    return aid && of && equal(*of, *aid);
  });
  if (erased == 0) refuse(sw::kNoReference, "no such rule");
}

void store_rule(std::vector<Bytes>& rules, ByteView command) {
  const auto rule = find_tlv(parse_tlvs(command), kRule);
  if (!rule) refuse(sw::kWrongData, "Store-REF-AR-DO carries a rule (E2)");
  const Rule parsed = parse_rule(*rule);
  const auto same = std::find_if(rules.begin(), rules.end(), [&](const Bytes& stored) {
    return equal(parse_rule(stored).reference, parsed.reference);
  });
  if (same == rules.end()) {
    rules.push_back(to_bytes(*rule));
  } else {
    *same = to_bytes(*rule);
  }
}

Bytes all_rules(const std::vector<Bytes>& rules) {
  Bytes list;
  for (const Bytes& rule : rules) put_tlv(list, kRule, rule);
  return tlv(kAllRules, list);
}

// The access rights for one reference: data is E1{..}.
Bytes one_rule(const std::vector<Bytes>& rules, ByteView data) {
  const auto wanted = find_tlv(parse_tlvs(data), kReference);
  if (!wanted) refuse(sw::kWrongData, "GET DATA [specific] names a reference (E1)");
  for (const Bytes& rule : rules) {
    const Rule parsed = parse_rule(rule);
    if (equal(parsed.reference, *wanted)) return tlv(kOneRule, tlv(kAccess, parsed.access));
  }
  refuse(sw::kNoReference, "no rule for this reference");
}

}  // namespace

void store_access_rule(Application& instance, const Command& command) {
  Contents& contents = instance.contents;
  for (const Tlv& one : parse_tlvs(command.data)) {
    switch (one.tag) {
      case kStoreRule:
        store_rule(contents.blocks, one.value);
        break;
      case kDeleteRules:
        delete_rules(contents.blocks, one.value);
        break;
      case kUpdateRefreshTag:
        break;
      default:
        refuse(sw::kWrongData, "the access rule applet has no such command");
    }
    ++contents.refresh_tag;  // phones look at it to see whether anything changed
  }
}

Reply get_access_rules(const Application& instance, const Command& command) {
  const Contents& contents = instance.contents;
  switch (command.p1p2()) {
    case kAllRules:
      return {all_rules(contents.blocks)};
    case kOneRule:
      return {one_rule(contents.blocks, command.data)};
    case kRefreshTag: {
      Bytes tag;
      append_be(tag, contents.refresh_tag, 8);
      return {tlv(kRefreshTag, tag)};
    }
    default:
      refuse(sw::kNoReference, "the access rule applet has no such data object");
  }
}

}  // namespace cw::se
