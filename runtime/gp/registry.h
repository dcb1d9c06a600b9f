// Registry entries as GET STATUS gives them (GPCS 11.4.3), in the TLV and in the legacy format, and privileges
// (11.1.2).
//
// 6310 may cut inside an entry: join the data of all answers before parsing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "card/tlv.h"

namespace cw::gp {

/// P1 of GET STATUS (GPCS table 11-33).
enum class RegistryScope : uint8_t {
  issuer_security_domain = 0x80,
  applications = 0x40,  // with security domains
  load_files = 0x20,
  load_files_and_modules = 0x10,
};

struct RegistryEntry {
  Bytes aid{};
  Bytes life_cycle{};  // one byte; some cards send two
  Bytes privileges{};  // 1 or 3 bytes as the card sent them; may be absent
  std::vector<uint8_t> implicit_selection{};
  Bytes load_file_aid{};         // C4
  Bytes version{};               // CE, major and minor
  Bytes associated_sd_aid{};     // CC
  std::vector<Bytes> modules{};  // 84
  card::TlvList other{};         // what the card sent besides
};

/// TLV format: E3 entries. Raises card: not TLV, an entry without AID.
std::vector<RegistryEntry> parse_registry(ByteView joined);
/// Legacy format (P2 b2 = 0): length, AID, life cycle, privileges, and the modules when asked for.
std::vector<RegistryEntry> parse_registry_legacy(ByteView joined, RegistryScope scope);

/// Names of the privileges in 1 or 3 bytes (GPCS tables 11-7 to 11-9): "SecurityDomain", "CardLock", ...
std::vector<std::string_view> privilege_names(ByteView privileges);
/// "SELECTABLE", "PERSONALIZED", "OP_READY", ...; "LOCKED" for any locked state; empty if the byte has no name.
std::string_view life_cycle_name(RegistryScope scope, ByteView privileges, uint8_t life_cycle);

}  // namespace cw::gp
