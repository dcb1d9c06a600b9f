#include "base/hex.h"

#include "base/error.h"

namespace cw {

namespace {

constexpr char kDigits[] = "0123456789ABCDEF";

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_separator(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ':' || c == '-'; }

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

std::string to_hex(uint8_t byte) { return to_hex(ByteView(&byte, 1)); }

std::string to_hex16(uint16_t word) {
  const uint8_t bytes[] = {static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word)};
  return to_hex(bytes);
}

Bytes from_hex(std::string_view text) {
  Bytes out;
  out.reserve(text.size() / 2);
  int high = -1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_separator(text[i])) continue;
    const int value = digit(text[i]);
    if (value < 0) {
      throw Error(ErrorKind::usage, "not hexadecimal: character " + std::to_string(i + 1) + " is no hex digit");
    }
    if (high < 0) {
      high = value;
    } else {
      out.push_back(static_cast<uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) throw Error(ErrorKind::usage, "not hexadecimal: odd number of digits, the last byte is half");
  return out;
}

}  // namespace cw
