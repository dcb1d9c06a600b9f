#include "gp/key_information.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "card/tlv.h"

namespace cw::gp {

namespace {

constexpr uint8_t kLongForm = 0xFF;

class Fields {
 public:
  explicit Fields(ByteView rest) : whole_(rest), rest_(rest) {}

  bool done() const { return rest_.empty(); }
  bool long_form() const { return !rest_.empty() && rest_[0] == kLongForm; }

  ByteView take(size_t count) {
    if (count > rest_.size()) {
      throw Error(ErrorKind::card, "reading key information: C0 " + to_hex(whole_) + " ends inside a field");
    }
    const ByteView out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }
  uint8_t byte() { return take(1)[0]; }
  size_t number() { return read_be(take(2)); }

 private:
  ByteView whole_;
  ByteView rest_;
};

KeyInformation parse_key(ByteView value) {
  Fields fields(value);
  KeyInformation out;
  out.id = fields.byte();
  out.version = fields.byte();
  // GPCS table 11-29 (short) and 11-30 (long): the first type byte tells them apart.
  out.extended = fields.long_form();
  if (!out.extended) {
    while (!fields.done()) {
      const uint8_t type = fields.byte();
      out.components.push_back({type, fields.byte()});
    }
    return out;
  }
  while (fields.long_form()) {
    fields.take(1);
    const uint8_t type = fields.byte();
    out.components.push_back({type, fields.number()});
  }
  if (!fields.done()) out.usage = to_bytes(fields.take(fields.byte()));
  if (!fields.done()) out.access = to_bytes(fields.take(fields.byte()));
  return out;
}

}  // namespace

std::vector<KeyInformation> parse_key_information(ByteView data) {
  const card::TlvList objects = card::parse_tlv(data);
  std::vector<KeyInformation> out;
  const auto add = [&](const card::TlvList& keys) {
    for (const card::Tlv& key : keys) {
      if (key.tag == 0xC0) out.push_back(parse_key(key.value));
    }
  };
  add(objects);
  for (const card::Tlv& object : objects) {  // some cards answer several templates
    if (object.tag == 0xE0) add(object.children);
  }
  return out;
}

bool has_key_version(const std::vector<KeyInformation>& keys, uint8_t version) {
  return std::any_of(keys.begin(), keys.end(), [&](const KeyInformation& key) { return key.version == version; });
}

}  // namespace cw::gp
