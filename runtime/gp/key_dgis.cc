#include "gp/key_dgis.h"

#include "base/error.h"
#include "card/tlv.h"

namespace cw::gp {

namespace {

/// DGI, length (one byte, or FF and two), value: EMV CPS.
void append_dgi(Bytes& out, uint16_t dgi, ByteView value) {
  append_be(out, dgi, 2);
  if (value.size() < 0xFF) {
    append_be(out, value.size(), 1);
  } else {
    out.push_back(0xFF);
    append_be(out, value.size(), 2);
  }
  append(out, value);
}

void check_keys(const std::vector<DgiKey>& keys) {
  if (keys.empty()) throw Error(ErrorKind::usage, "STORE DATA of keys: no keys given");
  for (const DgiKey& key : keys) {
    if (!key.key) throw Error(ErrorKind::usage, "STORE DATA of keys: a key without value");
    if (key.key->type() != keys.front().key->type() || key.key->size() != keys.front().key->size()) {
      throw Error(ErrorKind::usage, "STORE DATA of keys: the keys of one version have one type and one length");
    }
  }
}

}  // namespace

Bytes key_dgis(const Channel& channel, const DgiKeyAttributes& attributes, const std::vector<DgiKey>& keys) {
  check_keys(keys);
  Bytes common;
  append(common, {0x80, 0x01, static_cast<uint8_t>(keys.front().key->type())});
  append(common, {0x81, 0x01, static_cast<uint8_t>(keys.front().key->size())});
  append(common, {0x83, 0x01, attributes.version});
  append(common, {0x96, 0x01, attributes.access});
  append(common, {0x97, 0x02});
  append_be(common, attributes.purpose, 2);
  Bytes description = card::tlv(0xB7, common);
  for (const DgiKey& key : keys) {
    append(description, card::tlv(0xB9, concat({card::tlv(0x82, Bytes{key.id}), card::tlv(0x84, key.key->kcv())})));
  }
  Bytes out;
  append_dgi(out, 0x00B9, description);
  for (const DgiKey& key : keys) append_dgi(out, 0x8113, channel.encrypt_key(*key.key));
  return out;
}

}  // namespace cw::gp
