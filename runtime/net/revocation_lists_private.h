// The revocation lists that the other side of a handshake is held against, and that none of them is missing, since one
// that fails for lack of a list tells nobody.
//
// Plain functions.
#pragma once

#include <filesystem>

#include <openssl/x509.h>

namespace cw::net {

/// Every certificate of the other side's chain is looked up from then on (RFC 5280 6.3.3). `authorities` are in `store`
/// already. Raises usage: a list that is none, not begun yet, out of date or of one of the authorities' names and not
/// by its key; an authority that has none.
void use_revocation_lists(X509_STORE* store, const std::filesystem::path& file);

}  // namespace cw::net
