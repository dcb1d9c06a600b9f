#include "crypto/key_record.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "base/utc_text.h"

namespace cw::crypto {

namespace {

constexpr std::array<std::string_view, 9> kPurposes = {"channel", "master",  "kek",         "token",   "receipt",
                                                       "dap",     "message", "certificate", "unstated"};
const std::vector<std::string> kGiven(kPurposes.begin(), kPurposes.end() - 1);
constexpr std::array<std::string_view, 5> kStates = {"active", "replaced", "archived", "revoked", "destroyed"};
constexpr std::array<std::string_view, 5> kMethods = {"none", "visa2", "emv", "kdf3", "gemvisa"};
constexpr size_t kLongestName = 64;
constexpr size_t kLongestOwner = 32;

std::string joined(const auto& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : " ") + std::string(name);
  return out;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::string since(const KeyRecord& record) {
  return record.changed == 0 ? "" : " since " + utc_text(record.changed);  // a token does not know
}

[[noreturn]] void refuse(const KeyRecord& record, const std::string& why) {
  throw Error(ErrorKind::usage, "key '" + record.title() + "' " + why);
}

}  // namespace

std::string KeyRecord::title() const { return replaced_by == 0 ? name : name + "@" + std::to_string(generation); }

std::string KeyRecord::owner() const {
  const size_t mark = name.find('/');
  return mark == std::string::npos ? std::string() : name.substr(0, mark);
}

std::string KeyRecord::type_name() const { return !pair.empty() ? pair : type == KeyType::aes ? "aes" : "des"; }

std::string_view name_of(KeyPurpose purpose) { return kPurposes.at(static_cast<size_t>(purpose)); }
std::string_view name_of(KeyState state) { return kStates.at(static_cast<size_t>(state)); }

KeyPurpose key_purpose(std::string_view name) {
  const auto found = std::find(kGiven.begin(), kGiven.end(), name);
  if (found != kGiven.end()) return static_cast<KeyPurpose>(found - kGiven.begin());
  throw Error(ErrorKind::usage, "a key has no purpose '" + std::string(name) + "'" + did_you_mean(name, kGiven) +
                                    "; there are: " + joined(kGiven));
}

void check_key_name(std::string_view name) {
  const size_t mark = name.find('/');
  const std::string_view own = mark == std::string_view::npos ? name : name.substr(mark + 1);
  const bool owned = mark != std::string_view::npos && is_word(name.substr(0, mark)) && mark <= kLongestOwner;
  if (is_word(own) && own.size() <= kLongestName && (owned || mark == std::string_view::npos)) return;
  throw Error(ErrorKind::usage,
              "a key cannot have this name: letters, digits, '.', '_' and '-', at most 64; an owner's is OWNER/NAME");
}

void check_record(const KeyRecord& record) {
  const bool known = std::find(kMethods.begin(), kMethods.end(), record.diversification) != kMethods.end();
  if (record.purpose == KeyPurpose::master && !known) {
    throw Error(ErrorKind::usage,
                "a master key needs the method that card keys are derived by: --diversification " + joined(kMethods));
  }
  if (record.purpose != KeyPurpose::master && !record.diversification.empty()) {
    throw Error(ErrorKind::usage, "diversification goes with a master key: --purpose master");
  }
  if (!record.pair.empty()) {
    if (signs(record.purpose)) return;
    throw Error(ErrorKind::usage, "a key pair signs: --purpose token, receipt, dap, message or certificate");
  }
  if (record.purpose == KeyPurpose::certificate) {
    throw Error(ErrorKind::usage, "certificates are signed by a key pair: --type ec or rsa");
  }
  if (record.size == 16 || record.size == 24 || (record.size == 32 && record.type == KeyType::aes)) return;
  throw Error(ErrorKind::usage,
              "keys of " + std::to_string(record.size) + " bytes: DES keys have 16 or 24 bytes, AES keys 16, 24 or 32");
}

void check_use(const KeyRecord& record, std::initializer_list<KeyPurpose> wanted, int64_t now) {
  switch (record.state) {
    case KeyState::active:
    case KeyState::replaced:
      break;
    case KeyState::archived:
      refuse(record, "is archived" + since(record) + ": it is kept, and not used any more");
    case KeyState::revoked:
      refuse(record, "is revoked" + since(record) + ": nobody may use it; use the one that replaced it");
    case KeyState::destroyed:
      refuse(record, "was destroyed at " + utc_text(record.changed));
  }
  if (record.purpose == KeyPurpose::unstated) {
    refuse(record, "may not be used: nothing says what it is for; cardwright keys assign " + record.name +
                       " --purpose says it, for those that other tools put into a token");
  }
  if (std::find(wanted.begin(), wanted.end(), record.purpose) == wanted.end()) {
    refuse(record, "is for another purpose: it is a " + std::string(name_of(record.purpose)) + " key, and a " +
                       std::string(name_of(*wanted.begin())) + " key is needed");
  }
  if (record.active_from > now) {
    refuse(record, "is not active yet: it may be used from " + utc_text(record.active_from) + " on");
  }
  if (record.expires != 0 && record.expires <= now) {
    refuse(record, "expired at " + utc_text(record.expires) +
                       "; make another one, in a sealed file with cardwright keys update");
  }
}

void check_use(const KeyRecord& record, SigningUse use, int64_t now) {
  // A receipt key is shared with every card, so it signs no tokens.
  switch (use) {
    case SigningUse::any:
      return check_use(
          record,
          {KeyPurpose::token, KeyPurpose::receipt, KeyPurpose::dap, KeyPurpose::message, KeyPurpose::certificate}, now);
    case SigningUse::token:
      return check_use(record, {KeyPurpose::token}, now);
    case SigningUse::receipt:
      return check_use(record, {KeyPurpose::receipt}, now);
    case SigningUse::dap:
      return check_use(record, {KeyPurpose::dap}, now);
    case SigningUse::message:
      return check_use(record, {KeyPurpose::message}, now);
    case SigningUse::certificate:
      return check_use(record, {KeyPurpose::certificate}, now);
  }
}

bool signs(KeyPurpose purpose) {
  return purpose == KeyPurpose::token || purpose == KeyPurpose::receipt || purpose == KeyPurpose::dap ||
         purpose == KeyPurpose::message || purpose == KeyPurpose::certificate;
}

}  // namespace cw::crypto
