// What is known of a key beside its bytes: what it is for, in which state, from when until when, where it is from.
// Whoever uses a key is told here if they must not.
//
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/key.h"

namespace cw::crypto {

enum class KeyPurpose : uint8_t {
  channel,      // three keys that open a secure channel
  master,       // one key that card keys are derived of
  kek,          // other keys are wrapped under it
  token,        // signs tokens of delegated management
  receipt,      // checks receipts
  dap,          // signs DAP blocks
  message,      // signs messages between parties, and what confirms them
  certificate,  // signs certificates, revocation lists and answers of OCSP
  unstated,     // in a token, by other tools: nothing says what it is for, so nobody may use it
};

/// What a signature is for. A store that knows what its keys are for gives none for anything else; one that does not
/// gives none for messages, which a script may choose freely.
enum class SigningUse : uint8_t { any, token, receipt, dap, message, certificate };

/// T/TAF 096 6.1.3. A replaced key still opens the cards that hold it, under its name and number ("isd@1").
enum class KeyState : uint8_t { active, replaced, archived, revoked, destroyed };

struct KeyRecord {
  std::string name{};       // "isd"; an owner's is "acme/isd"
  uint32_t generation = 1;  // counts the updates of a name
  KeyPurpose purpose = KeyPurpose::channel;
  KeyType type = KeyType::aes;
  std::string pair{};             // "rsa", "ec", "sm2": a key pair, and `type` says nothing; empty: secret keys
  size_t size = 16;               // bytes of each key; of a pair, of each signature
  uint8_t version = 0;            // key version number; 0: whatever the card takes
  std::string diversification{};  // of master keys
  std::vector<Bytes> kcvs{};      // of each key: ENC, MAC, DEK, or the only one; of a pair, of its public half
  KeyState state = KeyState::active;
  std::string origin{};  // "generated", "imported under acme.kek"
  // Milliseconds since 1970; 0: none.
  int64_t created = 0;
  int64_t active_from = 0;
  int64_t expires = 0;
  int64_t changed = 0;
  uint32_t replaced_by = 0;  // generation

  /// "isd", or "isd@1" once there is a newer one.
  std::string title() const;
  /// "acme" of "acme/isd"; empty: the operator's.
  std::string owner() const;
  /// "aes", "des", or what pair it is.
  std::string type_name() const;
};

std::string_view name_of(KeyPurpose purpose);
std::string_view name_of(KeyState state);
/// Raises usage: no such purpose; names those there are.
KeyPurpose key_purpose(std::string_view name);

/// Raises usage: a name that no key can have (letters, digits, '.', '_', '-', at most 64; an owner's is OWNER/NAME).
void check_key_name(std::string_view name);
/// Raises usage, in one line: the key is for something else, archived, revoked, destroyed, expired, not active yet.
void check_use(const KeyRecord& record, std::initializer_list<KeyPurpose> wanted, int64_t now);
/// The same of a signature; `any`: whatever signs.
void check_use(const KeyRecord& record, SigningUse use, int64_t now);
/// Whether keys for it sign, and are one key or a pair.
bool signs(KeyPurpose purpose);
/// Raises usage: a diversification without master, or none with it; a size that the type does not have.
void check_record(const KeyRecord& record);

}  // namespace cw::crypto
