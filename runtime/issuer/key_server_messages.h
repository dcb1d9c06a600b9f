// What a TSM asks of the key server, what it is given, and why not: WSGetDiversifiedKeys, the same in JSON and in SOAP
// (key_server_soap.h). docs/decisions/0049-key-server.md says what the paper leaves open.
//
// Plain values and functions.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "crypto/key.h"
#include "gp/key_information.h"

namespace cw::issuer {

struct DiversifiedKeysRequest {
  std::string url{};                                  // what the card says in 5F50, if it was sent
  Bytes key_data{};                                   // 10 bytes, the value of CF
  std::vector<gp::KeyInformation> key_information{};  // E0
  Bytes sequence_counter{};                           // the value of C1, if it was sent
  unsigned kek = 0;
};

/// ENC, MAC, DEK.
struct DiversifiedKeys {
  std::array<Bytes, 3> wrapped{};
  std::array<Bytes, 3> kcvs{};
  uint8_t version = 0;
  crypto::KeyType type = crypto::KeyType::aes;
};

enum class Refusal : uint8_t {
  malformed,
  not_accredited,   // nobody on the list, not today, not for this card
  unknown_kek,      // not among those of this TSM
  unknown_card,     // no master keys for it
  unavailable,      // keys or audit cannot be used: our fault
  media_type,       // Content-Type
  soap_version,     // an envelope of another one
  must_understand,  // a header that has to be obeyed
};

struct Refused {
  Refusal why = Refusal::malformed;
  std::string message{};
};

using ReadRequest = std::variant<DiversifiedKeysRequest, Refused>;
using KeyServerAnswer = std::variant<DiversifiedKeys, Refused>;

/// Member by member, as texts; nothing: it was not sent.
struct RequestTexts {
  std::optional<std::string> url{};
  std::optional<std::string> key_data{};
  std::optional<std::string> key_information{};
  std::optional<std::string> sequence_counter{};
  std::optional<std::string> kek{};
};
/// Raises usage: one is missing or of the wrong form.
DiversifiedKeysRequest request_of(const RequestTexts& texts);

ReadRequest parse_json_request(std::string_view text);
std::string to_json(const DiversifiedKeys& keys);
/// {"fault": "UnknownKek", "message": "..."}
std::string to_json(const Refused& refused);

/// "UnknownKek".
std::string_view name_of(Refusal why);
/// Of HTTP, for JSON.
int status_of(Refusal why);
/// "DES", "AES".
std::string_view name_of(crypto::KeyType type);

}  // namespace cw::issuer
