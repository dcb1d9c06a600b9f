// Hexadecimal text. Upper case out, either case in.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace cw {

/// Upper-case digits, two per byte, no separators.
std::string to_hex(ByteView bytes);
std::string to_hex(uint8_t byte);
std::string to_hex16(uint16_t word);

/// Bytes of `text`; white space, ':' and '-' between digits are skipped.
/// Raises usage: an odd number of digits, a character that is no digit.
Bytes from_hex(std::string_view text);

}  // namespace cw
