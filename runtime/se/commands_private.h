// One function per command of GPCS chapter 11. Each gets the plain command and gives the plain answer, or refuses.
#pragma once

#include "chip_private.h"

namespace cw::se {

namespace ins {
inline constexpr uint8_t kVerify = 0x20;
inline constexpr uint8_t kInitializeUpdate = 0x50;
inline constexpr uint8_t kManageChannel = 0x70;
inline constexpr uint8_t kExternalAuthenticate = 0x82;
inline constexpr uint8_t kSelect = 0xA4;
inline constexpr uint8_t kGetResponse = 0xC0;
inline constexpr uint8_t kGetData = 0xCA;
inline constexpr uint8_t kGetDataOdd = 0xCB;
inline constexpr uint8_t kPutKey = 0xD8;
inline constexpr uint8_t kStoreData = 0xE2;
inline constexpr uint8_t kDelete = 0xE4;
inline constexpr uint8_t kInstall = 0xE6;
inline constexpr uint8_t kLoad = 0xE8;
inline constexpr uint8_t kSetStatus = 0xF0;
inline constexpr uint8_t kGetStatus = 0xF2;
}  // namespace ins

Reply select(Chip& chip, LogicalChannel& channel, const Command& command);
Reply manage_channel(Chip& chip, LogicalChannel& channel, const Command& command);
Reply initialize_update(Chip& chip, LogicalChannel& channel, const Command& command);
Reply external_authenticate(Chip& chip, LogicalChannel& channel, const Command& command);

Reply delete_content(Chip& chip, LogicalChannel& channel, const Command& command);
/// The value of a data object of the domain's own; empty: it has none.
Bytes object_of(const Chip& chip, const Application& domain, uint16_t tag);

Reply get_data(Chip& chip, LogicalChannel& channel, const Command& command);
Reply get_status(Chip& chip, LogicalChannel& channel, const Command& command);
Reply install(Chip& chip, LogicalChannel& channel, const Command& command);
Reply load(Chip& chip, LogicalChannel& channel, const Command& command);
Reply put_key(Chip& chip, LogicalChannel& channel, const Command& command);
Reply set_status(Chip& chip, LogicalChannel& channel, const Command& command);
Reply store_data(Chip& chip, LogicalChannel& channel, const Command& command);

/// A command to the selected applet.
Reply applet_command(Chip& chip, LogicalChannel& channel, const Command& command);
/// STORE DATA that reached `instance` directly or through its security domain. `session` deciphers what is encrypted;
/// null without one.
void store_in_instance(Application& instance, const Command& command, const SecureSession* session);
/// The access rule applet's part of the two (GPD Secure Element Access Control).
void store_access_rule(Application& instance, const Command& command);
Reply get_access_rules(const Application& instance, const Command& command);

}  // namespace cw::se
