// Card keys from master keys and the diversification data of a card (KDD), the ways issuers do it.
//
// $n is byte n of the 10-byte KDD, k is 1 for ENC, 2 for MAC, 3 for DEK:
//
//   visa2    DES   3DES-ECB over  $0 $1 $4..$7 F0 k  $0 $1 $4..$7 0F k
//   emv      DES   3DES-ECB over  $4..$9 F0 k  $4..$9 0F k            (EMV CPS 1.1)
//   gemvisa  DES   3DES-ECB over  p p $2..$9 k 00 00 00 00 00, p = FF, 00, F0 for ENC, MAC, DEK
//   kdf3     AES   CMAC in counter mode over  counter 00 00 00 k 00 $0..$9, no length field
//
// GemXpresso cards know two ways: "visa" is gemvisa here, "visa2" is visa2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/key.h"

namespace cw::gp {

/// The card's keys: same name and version as the master set, no diversification, keys as long as the master's.
/// `kdd` is 10 bytes, from the answer to INITIALIZE UPDATE or tag CF.
/// Raises usage: an unknown method (names the near one), keys of a type the method does not take, KDD of another
/// length. Raises internal: a derived key equal to its master, which would put the master key onto a card.
crypto::KeySet diversify(const crypto::KeySet& master, std::string_view method, ByteView kdd);

/// The set as it is if it needs no diversification, else diversified by its own method.
crypto::KeySet card_keys(const crypto::KeySet& set, ByteView kdd);

/// Names of the methods.
std::vector<std::string> diversification_methods();

}  // namespace cw::gp
