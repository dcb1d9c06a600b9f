// The answer to reset (ISO/IEC 7816-3 8.2), as far as a host needs it: protocols and historical bytes, and whether the
// card says there that it takes extended APDUs.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace cw::card {

struct Atr {
  bool t0 = false;  // protocols the card offers
  bool t1 = false;
  Bytes historical{};

  /// Nothing if it is cut short. Forgiving beyond that: TCK is not checked, since readers pass wrong ones up.
  static std::optional<Atr> parse(ByteView bytes);

  /// Card capabilities (7816-4 12.1.1.9) name extended Lc and Le fields; false also where the card names none.
  bool extended_length() const;
};

}  // namespace cw::card
