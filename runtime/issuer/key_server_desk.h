// Who may have which keys: accreditation, the KEK of an index, the master keys of a card; then derived and wrapped.
// Keys are in custody throughout: what comes out is wrapped.
//
// Owner: the key server. Thread rule: any thread; it keeps nothing.
#pragma once

#include <variant>

#include "crypto/key_store.h"
#include "issuer/key_server_config.h"
#include "issuer/key_server_messages.h"

namespace cw::issuer {

class KeyServerDesk {
 public:
  /// Both are borrowed.
  KeyServerDesk(const KeyServerConfiguration& configuration, const crypto::KeyStore& keys)
      : configuration_(configuration), keys_(keys) {}

  /// Whose certificate that is, on this day. Null: nobody's.
  const Tsm* tsm(std::string_view subject, std::string_view issuer = {}) const;
  /// Nothing: it is accredited at `now`, in milliseconds since 1970.
  static std::optional<Refused> refuse(const Tsm& tsm, int64_t now);

  KeyServerAnswer answer(const Tsm& tsm, const DiversifiedKeysRequest& request) const;

 private:
  struct Found {
    const MasterKeys* master = nullptr;
    uint8_t version = 0;
  };
  Found master_for(const DiversifiedKeysRequest& request) const;
  KeyServerAnswer derive(const MasterKeys& master, const Kek& kek, const DiversifiedKeysRequest& request) const;

  const KeyServerConfiguration& configuration_;
  const crypto::KeyStore& keys_;
};

}  // namespace cw::issuer
