#include "app/terminal.h"

#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/hex.h"

namespace cw::app {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos || value.find("utf8") != std::string_view::npos;
  }
  return false;
}

unsigned width_of(int fd) {
  struct winsize size {};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

Terminal Terminal::of(int fd) {
  Terminal out;
  const std::string_view term = variable("TERM");
  out.interactive = ::isatty(fd) == 1 && !term.empty() && term != "dumb";
  out.colour = out.interactive && variable("NO_COLOR").empty();
  out.utf8 = out.interactive && locale_is_utf8();
  if (out.interactive) out.width = width_of(fd);
  return out;
}

std::string Terminal::paint(Colour wanted, std::string_view text) const {
  if (!colour) return std::string(text);
  const char* code = "1";
  switch (wanted) {
    case Colour::green:
      code = "32";
      break;
    case Colour::yellow:
      code = "33";
      break;
    case Colour::red:
      code = "31";
      break;
    case Colour::faint:
      code = "2";
      break;
    case Colour::bold:
      code = "1";
      break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // C2 80 to C2 9F are the C1 controls in UTF-8.
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c < 0x20 || c == 0x7F || c1) {
      out += "\\x" + to_hex(static_cast<uint8_t>(c));
    } else {
      out += text[i];
    }
  }
  return out;
}

size_t columns_of(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += continues_character(c) ? 0 : 1;
  return count;
}

std::string_view head_of(std::string_view text, size_t count) {
  size_t at = 0;
  while (at < text.size()) {
    if (!continues_character(text[at]) && count-- == 0) break;
    ++at;
  }
  return text.substr(0, at);
}

}  // namespace cw::app
