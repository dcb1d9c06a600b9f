// Which text people can be shown: what moves no cursor and lets no letter of another text change its place.
//
// Thread rule: plain functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace cw {

/// Bytes of the UTF-8 character that `text`, which is not empty, begins with (RFC 3629); 0: it is none, a control
/// character, the end of a line, or one that turns the direction of what follows (UAX 9).
size_t printable_character(std::string_view text);

/// All of it is such characters.
bool is_printable(std::string_view text);

}  // namespace cw
