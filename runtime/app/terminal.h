// What the program writes to: a terminal with colours and a width, or a pipe that gets plain lines.
#pragma once

#include <string>
#include <string_view>

#include "base/colour.h"

namespace cw::app {

struct Terminal {
  bool interactive = false;  // a terminal that can move its cursor
  bool colour = false;
  bool utf8 = false;
  unsigned width = 0;  // columns; 0: no limit

  /// Looks at the descriptor and at NO_COLOR, TERM, COLUMNS and the locale's variables.
  static Terminal of(int fd);

  using Colour = cw::Colour;
  /// `text` in that colour, or as it is.
  std::string paint(Colour colour, std::string_view text) const;
};

/// Text from a card, a script or a backend, safe to print: what is not printable (base/printable.h) becomes \xHH, so
/// that no answer of a card moves a cursor or sets a window title. One line: line ends are control characters.
std::string printable(std::string_view text);

/// Columns that UTF-8 `text` takes on a terminal, one per character.
size_t columns_of(std::string_view text);

/// The first `count` characters.
std::string_view head_of(std::string_view text, size_t count);

}  // namespace cw::app
