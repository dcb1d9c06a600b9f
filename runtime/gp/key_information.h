// Key information template, tag E0 with one C0 for each key (GPCS 11.3.3.1): which keys a security domain has.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace cw::gp {

struct KeyComponent {
  uint8_t type = 0;   // GPCS table 11-16: 80 DES, 88 AES, A0 and A1 RSA, B0.. ECC
  size_t length = 0;  // bytes
};

struct KeyInformation {
  uint8_t id = 0;
  uint8_t version = 0;
  std::vector<KeyComponent> components{};
  bool extended = false;  // the long form: types behind FF, lengths of two bytes
  Bytes usage{};          // long form only
  Bytes access{};         // long form only
};

/// Keys in the order of the card; `data` is the answer to GET DATA 00E0, or the inside of E0. Both forms may stand side
/// by side. Raises card: not TLV, or a C0 that ends inside a field.
std::vector<KeyInformation> parse_key_information(ByteView data);

/// Whether some key has this version number.
bool has_key_version(const std::vector<KeyInformation>& keys, uint8_t version);

}  // namespace cw::gp
