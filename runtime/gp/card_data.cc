#include "gp/card_data.h"

#include "base/error.h"
#include "base/hex.h"
#include "card/tlv.h"

namespace cw::gp {

namespace {

constexpr std::string_view kVersionOid = "1.2.840.114283.2.";
// 1.2.840.114283.4: behind it stand the protocol as one raw byte, and i (GPCS H.2). As an OID, 80 00 reads as arc 0.
constexpr uint8_t kScpOid[] = {0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x04};

struct FixedRow {
  uint32_t tag;
  std::string_view name;
};

// GPCS 11.3.3, H.4.
constexpr FixedRow kFixed[] = {
    {0x42, "issuer_identification_number"}, {0x45, "card_image_number"},        {0xC1, "sequence_counter"},
    {0xC2, "confirmation_counter"},         {0xCF, "key_diversification_data"},
};

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::card, "reading card data: " + what); }

/// The OID in an application tag: 60 { 06 ... }.
const Bytes& oid_in(const card::Tlv& object) {
  const card::Tlv* oid = card::find(object.children, 0x06);
  if (oid == nullptr) refuse("tag " + to_hex(card::tag_bytes(object.tag)) + " holds no OID");
  return oid->value;
}

/// One base-128 number (X.690 8.19.2); moves `at` behind it.
uint32_t arc(ByteView content, size_t& at) {
  uint32_t value = 0;
  for (;;) {
    if (at == content.size()) refuse("an OID ends inside a number: " + to_hex(content));
    if (value > UINT32_MAX >> 7) refuse("a number in an OID over 32 bits: " + to_hex(content));
    const uint8_t byte = content[at++];
    value = value << 7 | (byte & 0x7F);
    if ((byte & 0x80) == 0) return value;
  }
}

ScpOption scp_of(const Bytes& oid) {
  ScpOption out{.oid = oid_text(oid)};
  const ByteView content = oid;
  constexpr size_t kPrefix = sizeof kScpOid;
  if (content.size() <= kPrefix || !equal(content.first(kPrefix), kScpOid)) return out;
  out.scp = content[kPrefix];
  for (size_t at = kPrefix + 1; at < content.size();) out.i = arc(content, at);
  return out;
}

}  // namespace

std::string oid_text(ByteView content) {
  if (content.empty()) refuse("an empty OID");
  size_t at = 0;
  const uint32_t first = arc(content, at);  // the first two arcs share a number
  const uint32_t root = std::min<uint32_t>(first / 40, 2);
  std::string out = std::to_string(root);
  out.append(".").append(std::to_string(first - 40 * root));
  while (at < content.size()) out.append(".").append(std::to_string(arc(content, at)));
  return out;
}

CardData parse_card_data(ByteView data) {
  const card::TlvList objects = card::parse_tlv(data);
  const card::Tlv* recognition = card::find(objects, "66/73");
  if (recognition == nullptr) recognition = card::find(objects, "73");
  if (recognition == nullptr) refuse("no card recognition data (66, 73); go on without it and ask the flavor");
  CardData out;
  for (const card::Tlv& object : recognition->children) {
    switch (object.tag) {
      case 0x06:
        out.recognition_oid = oid_text(object.value);
        break;
      case 0x60: {
        const std::string oid = oid_text(oid_in(object));
        out.gp_version = oid.starts_with(kVersionOid) ? oid.substr(kVersionOid.size()) : oid;
        break;
      }
      case 0x63:
        out.card_id_scheme = oid_text(oid_in(object));
        break;
      case 0x64:
        out.scp.push_back(scp_of(oid_in(object)));
        break;
      case 0x65:
        out.card_configuration = oid_text(oid_in(object));
        break;
      case 0x66:
        out.card_chip = oid_text(oid_in(object));
        break;
      default:
        break;  // 67, 68: issuer's and trust point's certificates
    }
  }
  return out;
}

FixedObject parse_fixed_object(ByteView data) {
  const auto header = card::read_tlv_header(data);
  if (!header || header->size + header->length != data.size()) {
    refuse("not one whole data object: " + to_hex(data.first(std::min<size_t>(data.size(), 8))));
  }
  for (const FixedRow& row : kFixed) {
    if (row.tag == header->tag) return {row.tag, row.name, to_bytes(data.subspan(header->size))};
  }
  refuse("tag " + to_hex(card::tag_bytes(header->tag)) + " has no fixed meaning");
}

}  // namespace cw::gp
