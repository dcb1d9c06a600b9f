// What a key in a token says of itself, in the one attribute that every token keeps and any tool can set:
//
//   CKA_ID = key version number, 1 byte | WORD [;from=MOMENT] [;until=MOMENT] [;archived or ;revoked], in ASCII
//
// WORD is the diversification of a master key (visa2 emv kdf3 gemvisa), the purpose of a single key or a pair (kek
// token receipt dap message certificate), and empty of a set. MOMENT is 20270101T120000Z. CKA_START_DATE and
// CKA_END_DATE would be the place of dates, and SoftHSM 2.6 cannot read them of private objects (its issue 655).
//
// Plain values; reading and writing run on the token's thread.
#pragma once

#include <optional>

#include "crypto/key_record.h"
#include "pkcs11_token_private.h"

namespace cw::crypto {

struct Pkcs11Mark {
  Bytes id{};

  bool operator==(const Pkcs11Mark&) const = default;

  /// Of version, purpose, diversification, state and moments, which are kept in whole seconds.
  static Pkcs11Mark of(const KeyRecord& record);
  /// The other way; `set`: its labels say what it is for. A moment that cannot be read lets nobody use the key; what is
  /// no text is an identifier of some other tool's, and says nothing.
  void tell(KeyRecord& record, bool set) const;
  /// The same, archived or revoked.
  Pkcs11Mark in_state(KeyState state) const;

  /// Nothing: the object is there no more.
  static std::optional<Pkcs11Mark> read(Pkcs11Session& session, CK_OBJECT_HANDLE object);
  void write(Pkcs11Session& session, CK_OBJECT_HANDLE object) const;
  /// Behind the version; empty: no text.
  std::string text() const;
};

}  // namespace cw::crypto
