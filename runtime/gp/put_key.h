// PUT KEY (GPCS 11.8): its data field, and the check of its answer.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "gp/channel.h"

namespace cw::gp {

/// How the encrypted value of a symmetric key is written; cards take both (GPCS tables 11-70 and 11-71).
enum class KeyDataForm {
  with_length,  // one clear byte with the key's length, then the cipher text: what hosts send for AES
  bare,         // cipher text alone: what hosts send for DES
};

/// An AES or DES key. Types 88 and 80.
struct SecretKeyItem {
  std::shared_ptr<const crypto::Key> key{};
  std::optional<KeyDataForm> form{};  // absent: with_length for AES, bare for DES
};
/// An RSA public key in clear: A1 N, A0 e (table 11-16).
struct RsaPublicKeyItem {
  Bytes modulus{};
  Bytes exponent{};
};
/// An ECC public key in clear: B0 with 04 | X | Y, F0 with the curve's reference (00 P-256, 01 P-384, 02 P-521, 03
/// brainpoolP256r1; Amd E table 4-3).
struct EccPublicKeyItem {
  Bytes point{};
  uint8_t curve_reference = 0;
};
using KeyItem = std::variant<SecretKeyItem, RsaPublicKeyItem, EccPublicKeyItem>;

/// New key version number and the keys, each with its check value; secret ones under the channel's DEK.
/// Raises usage: no keys; an empty public key; a key without value.
Bytes put_key_data(const Channel& channel, uint8_t new_version, const std::vector<KeyItem>& keys);

/// The whole command: `replaced_version` 0 adds a version, else names the one replaced; `first_id` 1 to 127.
/// Raises usage: as put_key_data; a version or id out of range.
card::Apdu put_key(const Channel& channel, uint8_t replaced_version, uint8_t first_id, uint8_t new_version,
                   const std::vector<KeyItem>& keys);

/// What the answer says (table 11-73).
struct PutKeyAnswer {
  uint8_t version = 0;
  std::vector<Bytes> kcvs{};  // 3 bytes each; some cards give none
};

/// Raises card: empty, or check values that are no multiple of 3 bytes.
PutKeyAnswer parse_put_key_answer(ByteView data);
/// Compares it with what was sent. Raises card: another version, or a check value that differs: the card then holds
/// another key than ours. An answer without check values passes.
void check_put_key_answer(const PutKeyAnswer& answer, uint8_t new_version, const std::vector<KeyItem>& keys);

}  // namespace cw::gp
