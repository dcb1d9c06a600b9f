// Colours of a terminal (ECMA-48 SGR). Whether to use them is the caller's to know.
#pragma once

#include <string>
#include <string_view>

namespace cw {

enum class Colour { green, yellow, red, faint, bold };

/// `text` in that colour.
std::string paint(Colour colour, std::string_view text);

}  // namespace cw
