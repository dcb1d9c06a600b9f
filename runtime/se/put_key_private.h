// Keys coming into a domain, by PUT KEY or by STORE DATA.
#pragma once

#include "commands_private.h"
#include "keys_private.h"

namespace cw::se {

/// Adds the keys or puts them in place of those of version `replaced` (00: none). All or nothing.
/// Refuses as PUT KEY does (GPCS 11.8.3).
void accept_keys(Domain& domain, uint8_t replaced, const std::vector<CardKey>& keys);

/// SELECTABLE to PERSONALIZED once the domain has its own secure channel keys, unless C9 said otherwise.
void personalize_if_keyed(Application& domain);

/// Length of a key under the DEK: AES-192 travels padded.
inline size_t padded_size(size_t size, size_t block) { return (size + block - 1) / block * block; }

}  // namespace cw::se
