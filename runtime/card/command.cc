#include "base/hex.h"
#include "card/status.h"
#include "command_private.h"

namespace cw::card {

namespace {

enum class Class : uint8_t { any, interindustry, proprietary };

struct CommandRow {
  uint8_t ins;
  Class in;
  Command command;
  std::string_view name;
};

// GPCS 11 and appendix D, E; ISO/IEC 7816-4 table 4. The same INS can mean two things in two classes.
constexpr CommandRow kCommands[] = {
    {0x20, Class::any, Command::verify, "VERIFY"},
    {0x2A, Class::any, Command::perform_security_operation, "PERFORM SECURITY OPERATION"},
    {0x46, Class::any, Command::generate_key, "GENERATE ASYMMETRIC KEY PAIR"},
    {0x50, Class::proprietary, Command::initialize_update, "INITIALIZE UPDATE"},
    {0x70, Class::interindustry, Command::manage_channel, "MANAGE CHANNEL"},
    {0x78, Class::proprietary, Command::end_rmac, "END R-MAC SESSION"},
    {0x7A, Class::proprietary, Command::begin_rmac, "BEGIN R-MAC SESSION"},
    {0x82, Class::any, Command::external_authenticate, "EXTERNAL AUTHENTICATE"},
    {0x84, Class::any, Command::get_challenge, "GET CHALLENGE"},
    {0x88, Class::any, Command::internal_authenticate, "INTERNAL AUTHENTICATE"},
    {0xA4, Class::any, Command::select, "SELECT"},
    {0xB0, Class::interindustry, Command::read_binary, "READ BINARY"},
    {0xB2, Class::interindustry, Command::read_record, "READ RECORD"},
    {0xC0, Class::any, Command::get_response, "GET RESPONSE"},
    {0xCA, Class::any, Command::get_data, "GET DATA"},
    {0xCB, Class::any, Command::get_data, "GET DATA"},
    {0xD6, Class::interindustry, Command::update_binary, "UPDATE BINARY"},
    {0xD8, Class::proprietary, Command::put_key, "PUT KEY"},
    {0xE2, Class::proprietary, Command::store_data, "STORE DATA"},
    {0xE4, Class::proprietary, Command::delete_object, "DELETE"},
    {0xE6, Class::proprietary, Command::install, "INSTALL"},
    {0xE6, Class::proprietary, Command::install_for_personalization, "INSTALL [for personalization]"},
    {0xE8, Class::proprietary, Command::load, "LOAD"},
    {0xEA, Class::proprietary, Command::manage_elf_upgrade, "MANAGE ELF UPGRADE"},
    {0xF0, Class::proprietary, Command::set_status, "SET STATUS"},
    {0xF2, Class::proprietary, Command::get_status, "GET STATUS"},
};

struct InstallRow {
  uint8_t p1;
  std::string_view kind;
};

// GPCS table 11-42; b8 says that more INSTALL commands follow.
constexpr InstallRow kInstallKinds[] = {
    {0x02, "for load"},
    {0x04, "for install"},
    {0x08, "for make selectable"},
    {0x0C, "for install and make selectable"},
    {0x0E, "for load, install and make selectable"},
    {0x10, "for extradition"},
    {0x20, "for personalization"},
    {0x40, "for registry update"},
};

bool in_class(Class wanted, uint8_t cla) {
  if (wanted == Class::any) return true;
  return ((cla & 0x80) != 0) == (wanted == Class::proprietary);
}

}  // namespace

std::string_view install_kind(uint8_t p1) {
  for (const InstallRow& row : kInstallKinds) {
    if (row.p1 == (p1 & 0x7F)) return row.kind;
  }
  return {};
}

Command command_of(uint8_t cla, uint8_t ins, uint8_t p1) {
  for (const CommandRow& row : kCommands) {
    if (row.ins != ins || !in_class(row.in, cla)) continue;
    if (row.command == Command::install && (p1 & 0x7F) == 0x20) return Command::install_for_personalization;
    return row.command;
  }
  return Command::unknown;
}

std::string_view name_of(Command command) {
  for (const CommandRow& row : kCommands) {
    if (row.command == command) return row.name;
  }
  return {};
}

std::string command_name(uint8_t cla, uint8_t ins, uint8_t p1) {
  const Command command = command_of(cla, ins, p1);
  if (command == Command::unknown) return "INS " + to_hex(ins);
  std::string name(name_of(command));
  if (command == Command::install && !install_kind(p1).empty()) name += " [" + std::string(install_kind(p1)) + "]";
  return name;
}

}  // namespace cw::card
