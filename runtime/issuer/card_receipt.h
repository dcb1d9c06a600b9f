// A card's confirmation of what was done with a token (GPCS 11.1.6, C.5): is it of this chip's issuer's key, over this
// command, and with which counter.
//
// Plain functions.
#pragma once

#include "crypto/signing_key.h"
#include "issuer/token_data.h"

namespace cw::issuer {

struct CardReceipt {
  uint16_t counter = 0;
  Bytes chip{};      // IIN and CIN of the security domain that made it
  Bytes token_id{};  // where the card gives one
  Bytes digest{};    // of the token's data, where the card gives one
};

/// `answer`: data of the card's answer, without status word; `performer`: the SSD that acted. Raises card: no receipt,
/// one that cannot be read, or that is wrong.
CardReceipt verify_card_receipt(const crypto::SigningKey& key, const TokenData& wanted, ByteView token_input,
                                ByteView performer, ByteView answer);

}  // namespace cw::issuer
