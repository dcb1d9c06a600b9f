// The messages of T/TAF 096-2021, tables 1 to 10, as JSON: names exactly as printed on the way out, forgiving on the
// way in. What the tables leave open is in docs/decisions/0047-reference-sei-tsm.md.
//
// Plain functions. All parse_* raise usage: no JSON object, a member that is missing or of the wrong form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "issuer/config.h"

namespace cw::issuer {

/// Members of our own, with which a message says who made it and that it is not an old one.
struct Signed {
  std::string elements{};  // what the signature is over
  std::string timestamp{};
  std::string nonce{};
  std::optional<Bytes> signature{};
};

/// Table 1.
struct SsdRequest {
  std::string tenant{};
  std::string operation{};  // optType, or opType
  std::string se_id{};
  Bytes sd_aid{};
  std::optional<Bytes> privileges{};
  std::optional<ScpConfig> scp{};
  Signed signature{};
};
SsdRequest parse_ssd_request(std::string_view text);

/// A confirmation of the card, reported: the data that its token was made over, and the card's answer.
struct ReportedReceipt {
  Bytes data{};
  Bytes answer{};
};

/// Table 3, and `receipts`, ours.
struct CommandsRequest {
  std::string tenant{};
  std::string task{};
  std::string se_id{};
  std::vector<Bytes> answers{};
  Signed signature{};
};
CommandsRequest parse_commands_request(std::string_view text);

/// Table 5.
struct TokenRequest {
  std::string tenant{};
  std::string operation{};
  std::string se_id{};
  std::vector<Bytes> data{};
  Signed signature{};
};
TokenRequest parse_token_request(std::string_view text);

/// /sei/v1/receipts, ours.
struct ReceiptsRequest {
  std::string tenant{};
  std::string se_id{};
  std::vector<ReportedReceipt> receipts{};
  Signed signature{};
};
ReceiptsRequest parse_receipts_request(std::string_view text);

/// /sei/v1/keys, ours: push the keys of this SSD again.
struct KeysRequest {
  std::string tenant{};
  std::string se_id{};
  Bytes sd_aid{};
  Signed signature{};
};
KeysRequest parse_keys_request(std::string_view text);

enum class Code : uint8_t { normal, abnormal };

/// Tables 2, 4, 6. taskId goes with apduList.
struct Answer {
  Code code = Code::normal;
  std::string message{};
  std::optional<std::vector<std::string>> apdus{};
  std::string task{};
  std::string se_id{};
  std::optional<std::vector<std::string>> tokens{};
};
std::string to_json(const Answer& answer, bool number_codes);

/// Table 7.
struct KeyPush {
  std::string sei_tsm{};
  std::string tenant{};
  std::string se_id{};
  Bytes aid{};
  std::vector<Bytes> encrypted{};
  std::vector<Bytes> check_values{};
  std::string algorithm{};  // AES, 3DES
  std::string usage{};      // SCP03, SCP02
  uint8_t version = 0;
  std::string kek{};
};
/// Table 9.
struct StatusPush {
  std::string sei_tsm{};
  std::string tenant{};
  std::string se_id{};
  Bytes aid{};
  std::string status{};
};
/// When, and a number used once.
struct Stamp {
  std::string timestamp{};
  std::string nonce{};
};
/// What is signed: each value, followed by a line end, in the order in which the members stand in the message.
std::string elements_of(const KeyPush& push, const Stamp& stamp);
std::string elements_of(const StatusPush& push, const Stamp& stamp);
std::string to_json(const KeyPush& push, const Stamp& stamp, const std::optional<Bytes>& signature);
std::string to_json(const StatusPush& push, const Stamp& stamp, const std::optional<Bytes>& signature);

/// Tables 8 and 10.
struct PushAnswer {
  bool normal = false;
  std::string message{};
  std::vector<Bytes> receipts{};
};
PushAnswer parse_push_answer(std::string_view text);

}  // namespace cw::issuer
