#include "engine/facts.h"

#include <algorithm>

#include "base/error.h"
#include "card/apdu.h"
#include "card/status.h"
#include "card/tlv.h"
#include "gp/tokens.h"

namespace cw::engine {

namespace {

enum Ins : uint8_t { kInstall = 0xE6, kDelete = 0xE4, kSetStatus = 0xF0, kPutKey = 0xD8, kSelect = 0xA4 };

using AidField = Field<Bytes>;

/// The length-value fields at the front of INSTALL data (GPCS 11.5.2.3), one at a time.
class LengthValues {
 public:
  explicit LengthValues(ByteView data) : rest_(data) {}

  AidField next() {
    if (hidden_ || rest_.empty() || rest_[0] > 127 || rest_.size() < 1u + rest_[0]) {
      hidden_ = true;
      return AidField::hidden();
    }
    const ByteView value = rest_.subspan(1, rest_[0]);
    rest_ = rest_.subspan(1 + value.size());
    return AidField::seen(to_bytes(value));
  }

 private:
  ByteView rest_;
  bool hidden_ = false;
};

Field<uint32_t> privileges_of(const AidField& field) {
  if (field.is_hidden()) return Field<uint32_t>::hidden();
  uint32_t out = 0;
  for (size_t i = 0; i < 3; ++i) out = out << 8 | (i < field.value().size() ? field.value()[i] : 0u);
  return Field<uint32_t>::seen(out);
}

bool is_empty(const AidField& field) { return !field.is_hidden() && field.value().empty(); }

void read_install(Facts& facts, ByteView data) {
  LengthValues fields(data);
  const uint8_t kind = facts.p1 & 0x7F;
  const bool combined = kind == 0x0E;  // load, install and make selectable: load fields first, the rest with P2 03
  if (kind == 0x02 || (combined && facts.p2 != 0x03)) {
    facts.aid = fields.next();
    facts.domain = fields.next();
  } else if ((kind & 0x0C) != 0) {
    fields.next();  // load file
    fields.next();  // module
    facts.aid = fields.next();
    facts.privileges = privileges_of(fields.next());
  } else {
    // Extradition, registry update, personalization: domain, empty, application or load file.
    facts.domain = fields.next();
    fields.next();
    facts.aid = fields.next();
    if (kind == 0x40) facts.privileges = privileges_of(fields.next());
    if (kind == 0x20) facts.domain = AidField::seen(facts.around.domain);
    if (is_empty(facts.aid)) facts.aid = facts.domain;
  }
  if (facts.domain.is_absent() || is_empty(facts.domain)) facts.domain = AidField::seen(facts.around.domain);
}

/// One 4F and nothing unread around it, or the object is hidden: cards differ in which of two they take.
void read_delete(Facts& facts, ByteView data, bool complete) {
  facts.aid = AidField::hidden();
  facts.key_version = complete ? Field<uint8_t>::absent() : Field<uint8_t>::hidden();
  size_t objects = 0;
  size_t versions = 0;
  bool key = false;
  const auto ends_with_token = [&] {
    const auto header = data.empty() || data[0] != 0x9E ? std::nullopt : card::read_tlv_header(data);
    return header && header->size + header->length == data.size();
  };
  while (!ends_with_token() && data.size() >= 2 && data[1] <= 127 && data.size() >= 2u + data[1]) {
    const ByteView value = data.subspan(2, data[1]);
    if (data[0] == 0x4F && ++objects == 1) facts.aid = AidField::seen(to_bytes(value));
    if (data[0] == 0xD2 && ++versions == 1 && value.size() == 1) facts.key_version = Field<uint8_t>::seen(value[0]);
    key = key || data[0] == 0xD0 || data[0] == 0xD2;
    data = data.subspan(2 + value.size());
  }
  if (ends_with_token()) data = {};
  if (!complete || !data.empty() || objects > 1 || versions > 1) {
    facts.aid = AidField::hidden();
    facts.key_version = Field<uint8_t>::hidden();
  } else if (key && objects == 0) {
    // DELETE [key] (GPCS 11.2.2.3.2) names no object: a rule about what may be deleted is not about keys.
    facts.aid = AidField::absent();
  }
}

/// Whether an INSTALL or DELETE carries a token.
Field<std::string> token_of(const host::Command& command, bool complete) {
  using TokenField = Field<std::string>;
  if (const host::TokenPart* token = command.data.token()) return TokenField::seen(token->key);
  if (command.ins != kInstall && command.ins != kDelete) return TokenField::absent();
  if (!complete) return TokenField::hidden();
  const card::Apdu apdu{command.cla, command.ins, command.p1, command.p2, to_bytes(command.data.visible()), {}};
  try {
    const size_t rest = apdu.data.size() - gp::before_token(apdu).size();
    // An INSTALL ends with the length of its token, which is 00 where there is none.
    return rest > (command.ins == kInstall ? 1u : 0u) ? TokenField::seen("") : TokenField::absent();
  } catch (const Error&) {
    return (command.p1 & 0x7F) == 0x20 ? TokenField::absent() : TokenField::hidden();
  }
}

/// A card that does not look at the class must not be a way around the rules on a command.
std::string name_of(const host::Command& command) {
  const std::string name = card::command_name(command.cla, command.ins, command.p1);
  if (!name.starts_with("INS ")) return name;
  return card::command_name(command.cla ^ 0x80, command.ins, command.p1);
}

}  // namespace

bool Circumstances::is_isd(ByteView aid) const {
  return aid.empty() ||
         std::any_of(isd_aids.begin(), isd_aids.end(), [&](const Bytes& isd) { return equal(isd, aid); });
}

Facts facts_of(const host::Command& command, const Circumstances& around) {
  Facts facts;
  facts.around = around;
  facts.name = name_of(command);
  facts.instruction = facts.name.substr(0, facts.name.find(" ["));
  facts.cla = command.cla;
  facts.ins = command.ins;
  facts.p1 = command.p1;
  facts.p2 = command.p2;
  facts.has_secret = command.data.has_secret();
  facts.has_key = command.data.has_key();
  // ISO 7816-4 5.4.1: b4 b3 on channels 0 to 3, b6 on 4 to 19.
  facts.opaque = (command.cla & 0x40) ? (command.cla & 0x20) != 0 : (command.cla & 0x0C) != 0;

  // A token that custody makes is the end of its command, and hides nothing of it.
  const host::TokenPart* token = command.data.token();
  const bool made_here = token != nullptr && command.data.parts().size() == 2;
  const bool complete = (command.data.plain() || made_here) && !facts.opaque;
  ByteView data = facts.opaque ? ByteView() : command.data.visible();
  if (made_here && command.ins == kDelete && !data.empty() && data.back() == 0x9E) data = data.first(data.size() - 1);
  facts.token = token_of(command, complete);
  // An INSTALL of a kind that is none: its fields could be anything.
  if (command.ins == kInstall && facts.name == facts.instruction) {
    facts.aid = facts.domain = AidField::hidden();
    facts.privileges = Field<uint32_t>::hidden();
    return facts;
  }
  switch (command.ins) {
    case kInstall:
      read_install(facts, data);
      break;
    case kDelete:
      read_delete(facts, data, complete);
      break;
    case kSetStatus:
    case kSelect:
      if (command.ins == kSelect && command.p1 != 0x04) break;
      facts.aid = complete ? AidField::seen(command.ins == kSetStatus && (command.p1 & 0x80) ? Bytes() : to_bytes(data))
                           : AidField::hidden();
      break;
    case kPutKey:
      facts.key_version = data.empty() ? Field<uint8_t>::hidden() : Field<uint8_t>::seen(data[0]);
      facts.aid = AidField::seen(around.domain);
      break;
    default:
      if (around.in_channel) facts.aid = AidField::seen(around.domain);
  }
  return facts;
}

}  // namespace cw::engine
