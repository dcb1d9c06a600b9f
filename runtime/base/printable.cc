#include "base/printable.h"

#include <cstdint>

namespace cw {

namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Line and paragraph separators, and the marks, embeddings, overrides and isolates of UAX 9.
bool is_out_of_order(uint32_t character) {
  return character == 0x061C || character == 0x200E || character == 0x200F ||
         (character >= 0x2028 && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
}

}  // namespace

size_t printable_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first < 0x20 || first == 0x7F ? 0 : 1;
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  uint32_t character = first & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if (!continues_character(text[i])) return 0;
    character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  const bool shortest = size < 3 || character >= (size == 3 ? 0x800U : 0x10000U);
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  const bool c1_control = character < 0xA0;
  return c1_control || !shortest || surrogate || character > 0x10FFFF || is_out_of_order(character) ? 0 : size;
}

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    const size_t size = printable_character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace cw
