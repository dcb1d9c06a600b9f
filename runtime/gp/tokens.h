// What a token is computed over (GPCS C.4): P1, P2, the length of what follows (one byte, or 00 and two), and the data
// field of the command without the token and its length. The token itself is a signature of crypto/signature.h, or a
// MAC, over these bytes.
//
// All AIDs have 5 to 16 bytes, or 0 where the field may be empty. A field is length and value; lengths over 127 take
// the BER form 81 xx or 82 xx xx, as in the command. Every function raises usage: an AID of another length, a hash or
// privileges over their limits, data over 65535 bytes.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "card/apdu.h"

namespace cw::gp {

/// Any token: `fields` as length and value, one after the other.
Bytes token_input(uint8_t p1, uint8_t p2, const std::vector<Bytes>& fields);

/// The fields of INSTALL [for load]: C.4.1. `sd` may be empty; `hash` is 20 to 64 bytes.
struct LoadFields {
  Bytes elf{};
  Bytes sd{};
  Bytes hash{};
  Bytes parameters{};
};
Bytes load_token_input(const LoadFields& fields);

/// INSTALL [for install], 0C with [and make selectable]: C.4.2. Privileges are 1 or 3 bytes; parameters are the field
/// with its C9, also when C9 is empty (C9 00).
struct InstallFields {
  Bytes elf{};
  Bytes module{};
  Bytes instance{};
  Bytes privileges{};
  Bytes parameters{};
};
Bytes install_token_input(const InstallFields& fields, bool make_selectable);

/// INSTALL [for make selectable]: C.4.3.
Bytes make_selectable_token_input(ByteView instance, ByteView privileges, ByteView parameters);

/// INSTALL [for extradition]: C.4.4. `application` is an application or an executable load file.
Bytes extradition_token_input(ByteView new_sd, ByteView application, ByteView parameters);

/// INSTALL [for registry update]: C.4.5. Any field may be empty.
Bytes registry_update_token_input(ByteView new_sd, ByteView application, ByteView privileges, ByteView parameters);

/// DELETE: C.4.6. `objects` is the data field without the token: 4F and what else; `with_related` is P2 80.
Bytes delete_token_input(ByteView objects, bool with_related);

/// INSTALL [for load, install and make selectable]: C.4.7, the load part (P1 0E, P2 01) and then the install part (P1
/// 0E, P2 03), each with its P1, P2 and length.
Bytes combined_token_input(const LoadFields& load, const InstallFields& install);

/// Of any command that has a token, or of its part of a combined one: `data` is its data field up to the token, without
/// the token's length, and of DELETE without its tag. Raises usage: over 65535 bytes.
Bytes command_token_input(uint8_t p1, uint8_t p2, ByteView data);
/// That much of the data field of an INSTALL or DELETE; all of it, where it ends before the token. Raises usage:
/// another command; fields that are cut.
ByteView before_token(const card::Apdu& command);

}  // namespace cw::gp
