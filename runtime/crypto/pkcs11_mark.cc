#include <algorithm>
#include <ctime>

#include "pkcs11_mark_private.h"

namespace cw::crypto {

namespace {

constexpr const char* kFormat = "%Y%m%dT%H%M%SZ";
constexpr std::string_view kFrom = "from=", kUntil = "until=";
constexpr int64_t kSecond = 1000;
constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999

std::string moment_text(int64_t seconds) {
  const time_t time = static_cast<time_t>(std::clamp(seconds, int64_t{0}, kLastSecond));
  struct tm parts {};
  ::gmtime_r(&time, &parts);
  char text[32] = "";
  std::strftime(text, sizeof text, kFormat, &parts);
  return text;
}

/// Milliseconds since 1970; `other` where this is no moment that a calendar has.
int64_t moment_ms(const std::string& text, int64_t other) {
  struct tm parts {};
  const char* end = ::strptime(text.c_str(), kFormat, &parts);
  if (end == nullptr || *end != '\0') return other;
  const int64_t seconds = ::timegm(&parts);
  return seconds > 0 && moment_text(seconds) == text ? seconds * kSecond : other;
}

std::string word_of(const KeyRecord& record) {
  if (record.purpose == KeyPurpose::channel || record.purpose == KeyPurpose::unstated) return {};
  if (record.purpose == KeyPurpose::master) return record.diversification == "none" ? "" : record.diversification;
  return std::string(name_of(record.purpose));
}

KeyPurpose purpose_of(const std::string& word) {
  for (const KeyPurpose each : {KeyPurpose::kek, KeyPurpose::token, KeyPurpose::receipt, KeyPurpose::dap,
                                KeyPurpose::message, KeyPurpose::certificate}) {
    if (word == name_of(each)) return each;
  }
  return KeyPurpose::unstated;
}

/// What stands between the semicolons.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ';') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

}  // namespace

Pkcs11Mark Pkcs11Mark::of(const KeyRecord& record) {
  std::string text = word_of(record);
  // A fraction of a second less than was asked for, rather than more.
  if (record.active_from != 0) {
    text += ";" + std::string(kFrom) + moment_text((record.active_from + kSecond - 1) / kSecond);
  }
  if (record.expires != 0) text += ";" + std::string(kUntil) + moment_text(record.expires / kSecond);
  const uint8_t version[] = {record.version};
  return {concat({version, view(text)})};
}

void Pkcs11Mark::tell(KeyRecord& record, bool set) const {
  const std::vector<std::string> pieces = pieces_of(text());
  if (!set) record.purpose = purpose_of(pieces.front());
  if (record.purpose == KeyPurpose::master) record.diversification = pieces.front().empty() ? "none" : pieces.front();
  if (!id.empty() && record.purpose != KeyPurpose::unstated) record.version = id.front();
  for (auto piece = pieces.begin() + 1; piece != pieces.end(); ++piece) {
    if (piece->starts_with(kFrom)) {
      record.active_from = moment_ms(piece->substr(kFrom.size()), INT64_MAX);
    } else if (piece->starts_with(kUntil)) {
      record.expires = moment_ms(piece->substr(kUntil.size()), 1);
    } else {
      // Whatever stands there, somebody took the key out of use.
      record.state = *piece == name_of(KeyState::archived) ? KeyState::archived : KeyState::revoked;
    }
  }
}

std::string Pkcs11Mark::text() const {
  const std::string out = id.empty() ? "" : to_string(ByteView(id).subspan(1));
  const bool is_text = std::all_of(out.begin(), out.end(), [](char c) { return c > ' ' && c <= '~'; });
  return is_text ? out : "";
}

Pkcs11Mark Pkcs11Mark::in_state(KeyState state) const {
  std::string out(1, id.empty() ? '\0' : static_cast<char>(id.front()));
  const std::vector<std::string> pieces = pieces_of(text());
  out += pieces.front();
  for (auto piece = pieces.begin() + 1; piece != pieces.end(); ++piece) {
    if (piece->starts_with(kFrom) || piece->starts_with(kUntil)) out += ";" + *piece;
  }
  return {to_bytes(view(out + ";" + std::string(name_of(state))))};
}

std::optional<Pkcs11Mark> Pkcs11Mark::read(Pkcs11Session& session, CK_OBJECT_HANDLE object) {
  CK_ATTRIBUTE asked = {CKA_ID, nullptr, 0};
  const CK_RV found = session.call().C_GetAttributeValue(session.handle(), object, &asked, 1);
  if (found == CKR_OBJECT_HANDLE_INVALID) return {};  // another process destroyed it
  session.check(found, "reading what a key is for");
  Pkcs11Mark out{Bytes(asked.ulValueLen)};
  asked.pValue = out.id.data();
  session.check(session.call().C_GetAttributeValue(session.handle(), object, &asked, 1), "reading what a key is for");
  return out;
}

void Pkcs11Mark::write(Pkcs11Session& session, CK_OBJECT_HANDLE object) const {
  CK_ATTRIBUTE said = {CKA_ID, const_cast<uint8_t*>(id.data()), id.size()};  // PKCS#11 has no const
  session.check(session.call().C_SetAttributeValue(session.handle(), object, &said, 1), "writing what a key is for");
}

}  // namespace cw::crypto
