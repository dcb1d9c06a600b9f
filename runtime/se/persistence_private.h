// The non-volatile memory as JSON text, for keeping a card in a file.
#pragma once

#include <string>
#include <string_view>

#include "chip_private.h"

namespace cw::se {

std::string save_chip(const Chip& chip);

/// What save_chip() gives, made comparable: see Card::state_digest_text().
std::string digest_chip(const Chip& chip);

/// Name of the flavor that a saved card has. Raises usage: not a saved card.
std::string saved_flavor(std::string_view text);

/// Replaces the memory of `chip`. Raises usage: names what is wrong.
void load_chip(Chip& chip, std::string_view text);

}  // namespace cw::se
