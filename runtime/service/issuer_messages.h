// What card issuers and device makers tell an SP-TSM, as JSON: T/TAF 096-2021, tables 7 to 10. Forgiving on the way in,
// since the tables write one name in three ways; names exactly as printed on the way out. docs/decisions/0052 says what
// the tables leave open.
//
// Plain functions. All parse_* raise usage: no JSON object, a member that is missing or of the wrong form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::service {

/// With what a message says who made it, and that it is not an old one: members of our own.
struct MessageSeal {
  std::string elements{};   // what the signature is over
  std::string timestamp{};  // seconds since 1970; empty: none
  std::string nonce{};      // empty: none
  std::optional<Bytes> signature{};
};

/// Of both messages. Empty: the message does not say.
struct MessageHead {
  std::string sender{};  // seiTsmId
  std::string tenant{};  // tenantId: who we are to the sender
  std::string se_id{};   // seId in upper case hex digits: which chip
  std::string aid{};     // of the security domain, in upper case hex digits: never empty
};

/// Table 7: the keys of a security domain.
struct KeySync {
  MessageHead head{};
  std::vector<Bytes> wrapped{};       // ENC, MAC, DEK
  std::vector<Bytes> check_values{};  // of each, in the same order
  std::string algorithm{};            // AES, 3DES
  std::optional<uint8_t> version{};   // key version number
  std::string kek{};                  // name of the key they are wrapped under; empty: the one that was agreed
  MessageSeal seal{};
};
KeySync parse_key_sync(std::string_view text);

/// Table 9: what has become of a security domain.
struct StateSync {
  MessageHead head{};
  std::string status{};
  MessageSeal seal{};
};
StateSync parse_state_sync(std::string_view text);

/// Tables 8 and 10.
struct SyncAnswer {
  bool normal = true;
  std::string message{};
  std::vector<Bytes> receipts{};
};
/// `number_codes`: resultCode as the number that the tables' type says, not as the string that their examples show.
std::string to_json(const SyncAnswer& answer, bool number_codes);

}  // namespace cw::service
