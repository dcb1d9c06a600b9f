// What the commands of card content management have in common: who may do it, tokens, privileges, and the steps that
// single and combined INSTALL commands share.
#pragma once

#include "commands_private.h"
#include "delegated_private.h"
#include "keys_private.h"
#include "tlv_private.h"

namespace cw::se {

/// The token of an INSTALL, which is its last field and so what is left in `fields`; `parameters` come right before it.
TokenUse read_token(const Command& command, LvReader& fields, ByteView parameters);

/// A combined load has its token in its last INSTALL (GPCS 11.5.2.3.1).
enum class TokenDue : uint8_t { now, later };
/// The performing domain, once it is allowed to manage content at all (GPCS 9.1, 9.3): authenticated, PERSONALIZED,
/// with Authorized Management and no token, or Delegated Management and a token that verifies.
const Application& content_manager(Chip& chip, const LogicalChannel& channel, const TokenUse& use,
                                   TokenDue due = TokenDue::now);

/// 5 to 16 bytes. Refuses with 6A80.
Aid checked_aid(ByteView aid);
/// One or three bytes, consistent with each other (GPCS 11.1.2). Refuses with 6A80.
uint32_t checked_privileges(const Flavor& flavor, ByteView bytes);

/// System parameters of INSTALL (template EF, GPCS table 11-49) and the others beside it.
struct InstallParameters {
  Bytes application{};  // C9
  size_t nvm = 0;       // EF C8
  size_t ram = 0;       // EF C7
  size_t code = 0;      // EF C6
};
InstallParameters parse_parameters(ByteView bytes);

// The kinds of INSTALL, by file.
Reply install_for_load(Chip& chip, LogicalChannel& channel, const Command& command, bool combined);
/// INSTALL [for install], [for make selectable], both; `combined`: the last command of a combined load.
Reply install_for_install(Chip& chip, LogicalChannel& channel, const Command& command, bool combined);
Reply install_for_make_selectable(Chip& chip, LogicalChannel& channel, const Command& command);
Reply install_for_extradition(Chip& chip, LogicalChannel& channel, const Command& command);
Reply install_for_registry_update(Chip& chip, LogicalChannel& channel, const Command& command);
Reply install_for_personalization(Chip& chip, LogicalChannel& channel, const Command& command);

/// Checks a complete load file data block and makes the registry entry of it. Refuses with 6A80.
LoadFile read_load_file(const Load& load, const Nvm& nvm);

}  // namespace cw::se
