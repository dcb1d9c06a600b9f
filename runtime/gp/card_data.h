// What a security domain says about its card: card recognition data (tag 66, GPCS H.2) and the small objects of fixed
// meaning that GET DATA gives.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::gp {

struct ScpOption {
  uint8_t scp = 0;    // 02, 03, 11, 80, ...
  uint32_t i = 0;     // two bytes in the OID for SCP11
  std::string oid{};  // as it stands
};

struct CardData {
  std::string recognition_oid{};  // 1.2.840.114283.1
  std::string gp_version{};       // "2.2", "2.1.1": what follows 1.2.840.114283.2
  std::string card_id_scheme{};
  std::vector<ScpOption> scp{};  // in the order of the card
  std::string card_configuration{};
  std::string card_chip{};
};

/// Raises card: no tag 73, an OID that is none.
CardData parse_card_data(ByteView data);

/// Dotted form of an object identifier's content (X.690 8.19). Raises card: empty, cut short, an arc over 32 bits.
std::string oid_text(ByteView content);

/// An object of a fixed meaning: 42 issuer_identification_number, 45 card_image_number, C1 sequence_counter,
/// C2 confirmation_counter, CF key_diversification_data.
struct FixedObject {
  uint32_t tag = 0;
  std::string_view name{};
  Bytes value{};
};
/// Raises card: not one whole object with one of these tags.
FixedObject parse_fixed_object(ByteView data);

}  // namespace cw::gp
