#include "app/terminal.h"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/printable.h"

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
  return colour ? cw::paint(wanted, text) : std::string(text);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t size = printable_character(text);
    if (size == 0) out += "\\x" + to_hex(static_cast<uint8_t>(text.front()));
    out += text.substr(0, size);
    text.remove_prefix(std::max<size_t>(size, 1));
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
