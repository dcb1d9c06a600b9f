// The table behind meaning(): rows for one command before rows for any; the first that fits is taken.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "command_private.h"

namespace cw::card {

struct StatusRow {
  Command command;  // Command::unknown: any
  uint16_t sw;
  uint16_t mask;  // FFFF: this word; FF00: its first byte; FFF0: a counter in the last digit
  std::string_view text;
  std::string_view causes;
  std::string_view advice;
};

std::span<const StatusRow> command_status_rows();  // GPCS 11.2 to 11.11, D.4, E.5, Amd D 7.1
std::span<const StatusRow> general_status_rows();  // GPCS 11.1.3, ISO/IEC 7816-4 tables 5 to 7

}  // namespace cw::card
