// The keys of security domains: which sets open a secure channel, whose they are, and their check values.
#pragma once

#include "registry_private.h"

namespace cw::se {

const CardKey* find_key(const Domain& domain, uint8_t version, uint8_t id);
/// Identifier and version that the content of a control reference template names: 83 { identifier, version }. Refuses
/// with 6A80: it names none.
uint16_t key_reference(ByteView template_content);
bool has_version(const Domain& domain, uint8_t version);
/// Keys 1, 2 and 3 of this version are there and all DES or all AES.
bool opens_channel(const Domain& domain, uint8_t version);
/// Key version 00 of INITIALIZE UPDATE: the set that came first; 0 if there is none.
uint8_t default_version(const Domain& domain);

/// The domain whose keys protect `application`: itself, or the nearest above that has a set (GPCS 7.3).
const Application& key_owner(const Nvm& nvm, const Application& application);

/// DES over 8 x 00, AES over 16 x 01 (GPCS B.6, Amd D), three bytes. Empty for RSA and ECC.
/// Refuses with 6A80 a length that the cipher does not have.
Bytes key_check_value(const CardKey& key);

}  // namespace cw::se
