#include "engine/card_identity.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/hex.h"
#include "card/tlv.h"
#include "gp/cplc.h"

namespace cw::engine {

namespace {

constexpr uint16_t kCplc = 0x9F7F, kIin = 0x42, kCin = 0x45, kDiversificationData = 0xCF;
constexpr size_t kLongest = 64;  // an answer that is longer is none of these

/// Bytes that are all 00 or all FF were never written, so every card of the kind has them.
bool is_written(ByteView bytes) {
  const auto all = [&](uint8_t value) {
    return std::all_of(bytes.begin(), bytes.end(), [value](uint8_t byte) { return byte == value; });
  };
  return !all(0x00) && !all(0xFF);
}

card::Apdu get_data(uint16_t tag) {
  card::Apdu out;
  out.cla = 0x80;
  out.ins = 0xCA;
  out.p1 = static_cast<uint8_t>(tag >> 8);
  out.p2 = static_cast<uint8_t>(tag);
  out.le = 256;
  return out;
}

/// The value of a data object; empty: the card does not have it.
Bytes object(const AskCard& ask, uint16_t tag) {
  const card::Response answer = ask(get_data(tag));
  if (!answer.ok() || answer.data.size() > kLongest) return {};
  const ByteView data = answer.data;
  const auto header = card::read_tlv_header(data);
  const bool wrapped = header && header->tag == tag && header->size + header->length == data.size();
  return to_bytes(wrapped ? data.subspan(header->size) : data);
}

/// What does not change when a card is personalized; as `cardwright batch` takes it.
std::string chip(ByteView cplc) {
  std::string out = "CPLC-";
  try {
    for (const gp::CplcField& field : gp::parse_cplc(cplc)) {
      if (field.name == "ic_serial_number" && !is_written(field.value)) return {};
      const bool makers = field.name == "ic_fabricator" || field.name == "ic_type" ||
                          field.name == "ic_fabrication_date" || field.name == "ic_serial_number" ||
                          field.name == "ic_batch_identifier";
      if (makers) out += to_hex(field.value);
    }
  } catch (const Error&) {
    return {};  // not 42 bytes
  }
  return out;
}

}  // namespace

std::optional<std::string> told_identity(const AskCard& ask) {
  std::string out = chip(object(ask, kCplc));
  const auto add = [&](const char* name, uint16_t tag) {
    const Bytes value = object(ask, tag);
    if (is_written(value)) out += (out.empty() ? "" : "+") + std::string(name) + "-" + to_hex(value);
  };
  if (out.empty()) add("CIN", kCin);
  if (out.starts_with("CIN")) add("IIN", kIin);  // alone it names the issuer, and no card
  add("KDD", kDiversificationData);
  return out.empty() ? std::nullopt : std::optional(out);
}

std::vector<card::Apdu> identity_questions(const std::string& expected) {
  constexpr std::pair<const char*, uint16_t> kParts[] = {
      {"CPLC-", kCplc}, {"CIN-", kCin}, {"IIN-", kIin}, {"KDD-", kDiversificationData}};
  std::vector<card::Apdu> out;
  for (const auto& [name, tag] : kParts) {
    if (expected.empty() || tag == kDiversificationData || expected.find(name) != std::string::npos)
      out.push_back(get_data(tag));
  }
  return out;
}

bool is_told_identity(const std::string& text) {
  const auto begins = [&](const char* name) {
    return text.starts_with(name) && text.size() > std::string(name).size();
  };
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+';
  });
  return printable && text.size() <= 4 * kLongest && (begins("CPLC-") || begins("CIN-") || begins("KDD-"));
}

std::string identity_by_atr(ByteView atr) { return "ATR-" + to_hex(atr); }

}  // namespace cw::engine
