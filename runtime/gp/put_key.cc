#include "gp/put_key.h"

#include "base/error.h"
#include "base/hex.h"
#include "card/tlv.h"

namespace cw::gp {

namespace {

/// Key types of GPCS table 11-16.
enum Type : uint8_t {
  kRsaPublicExponent = 0xA0,
  kRsaModulus = 0xA1,
  kEccPublic = 0xB0,
  kEccParameterReference = 0xF0,
};

constexpr size_t kKcvSize = 3;

void append_component(Bytes& out, uint8_t type, ByteView value) {
  if (value.empty()) throw Error(ErrorKind::usage, "PUT KEY: a public key of type " + to_hex(type) + " is empty");
  out.push_back(type);
  append(out, card::ber_length(value.size()));
  append(out, value);
}

void append_item(Bytes& out, const Channel& channel, const SecretKeyItem& item) {
  if (!item.key) throw Error(ErrorKind::usage, "PUT KEY: a key without value");
  const bool aes = item.key->type() == crypto::KeyType::aes;
  const KeyDataForm form = item.form.value_or(aes ? KeyDataForm::with_length : KeyDataForm::bare);
  Bytes value;
  if (form == KeyDataForm::with_length) value.push_back(static_cast<uint8_t>(item.key->size()));
  append(value, channel.encrypt_key(*item.key));
  append_component(out, static_cast<uint8_t>(item.key->type()), value);
  out.push_back(kKcvSize);
  append(out, item.key->kcv());
}

// Public keys have no check value: its length is 00, once for the key (table 11-69).
void append_item(Bytes& out, const Channel&, const RsaPublicKeyItem& item) {
  append_component(out, kRsaModulus, item.modulus);
  append_component(out, kRsaPublicExponent, item.exponent);
  out.push_back(0x00);
}

void append_item(Bytes& out, const Channel&, const EccPublicKeyItem& item) {
  append_component(out, kEccPublic, item.point);
  append_component(out, kEccParameterReference, Bytes{item.curve_reference});
  out.push_back(0x00);
}

}  // namespace

Bytes put_key_data(const Channel& channel, uint8_t new_version, const std::vector<KeyItem>& keys) {
  if (keys.empty()) throw Error(ErrorKind::usage, "PUT KEY: no keys given");
  Bytes out = {new_version};
  for (const KeyItem& key : keys) {
    std::visit([&](const auto& item) { append_item(out, channel, item); }, key);
  }
  return out;
}

card::Apdu put_key(const Channel& channel, uint8_t replaced_version, uint8_t first_id, uint8_t new_version,
                   const std::vector<KeyItem>& keys) {
  if (replaced_version > 0x7F || new_version == 0 || new_version > 0x7F || first_id == 0 || first_id > 0x7F) {
    throw Error(ErrorKind::usage, "PUT KEY: version " + to_hex(new_version) + " in place of " +
                                      to_hex(replaced_version) + ", first key id " + to_hex(first_id) +
                                      ": new versions and key ids go from 01 to 7F");
  }
  const uint8_t several = keys.size() > 1 ? 0x80 : 0x00;
  return {
      0x80, 0xD8, replaced_version, static_cast<uint8_t>(first_id | several), put_key_data(channel, new_version, keys),
      256};
}

PutKeyAnswer parse_put_key_answer(ByteView data) {
  if (data.empty() || (data.size() - 1) % kKcvSize != 0) {
    throw Error(ErrorKind::card, "answer to PUT KEY of " + std::to_string(data.size()) +
                                     " bytes; it is a key version number and check values of 3 bytes");
  }
  PutKeyAnswer out{.version = data[0]};
  for (ByteView rest = data.subspan(1); !rest.empty(); rest = rest.subspan(kKcvSize)) {
    out.kcvs.push_back(to_bytes(rest.first(kKcvSize)));
  }
  return out;
}

void check_put_key_answer(const PutKeyAnswer& answer, uint8_t new_version, const std::vector<KeyItem>& keys) {
  if (answer.version != new_version) {
    throw Error(ErrorKind::card, "PUT KEY: the card answers key version " + to_hex(answer.version) + ", sent was " +
                                     to_hex(new_version) + "; look at its key information (GET DATA E0)");
  }
  if (answer.kcvs.empty()) return;
  std::vector<Bytes> sent;
  for (const KeyItem& item : keys) {
    if (const auto* secret = std::get_if<SecretKeyItem>(&item)) sent.push_back(secret->key->kcv());
  }
  if (answer.kcvs == sent) return;
  throw Error(ErrorKind::card,
              "PUT KEY: the card's key check values are not those of the keys sent, so it holds other "
              "keys under version " +
                  to_hex(new_version) +
                  "; do not open a channel with them, put the keys again through the old version");
}

}  // namespace cw::gp
