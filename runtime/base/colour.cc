#include "base/colour.h"

namespace cw {

namespace {

const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::green:
      return "32";
    case Colour::yellow:
      return "33";
    case Colour::red:
      return "31";
    case Colour::faint:
      return "2";
    case Colour::bold:
      return "1";
  }
  return "0";
}

}  // namespace

std::string paint(Colour colour, std::string_view text) {
  return "\x1b[" + std::string(code_of(colour)) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace cw
