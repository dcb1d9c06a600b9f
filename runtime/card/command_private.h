// Which command a header names, for the tables of status words and for describe().
#pragma once

#include <cstdint>
#include <string_view>

namespace cw::card {

enum class Command : uint8_t {
  unknown,
  begin_rmac,
  delete_object,
  end_rmac,
  external_authenticate,
  generate_key,
  get_challenge,
  get_data,
  get_response,
  get_status,
  initialize_update,
  install,
  install_for_personalization,
  internal_authenticate,
  load,
  manage_channel,
  manage_elf_upgrade,
  perform_security_operation,
  put_key,
  read_binary,
  read_record,
  select,
  set_status,
  store_data,
  update_binary,
  verify,
};

/// GPCS 11 for classes with b8 set; ISO/IEC 7816-4 for the interindustry ones.
Command command_of(uint8_t cla, uint8_t ins, uint8_t p1);
std::string_view name_of(Command command);
/// "for load", "for install and make selectable", ...; empty if P1 names no kind (GPCS table 11-42).
std::string_view install_kind(uint8_t p1);

}  // namespace cw::card
