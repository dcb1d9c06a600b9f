#include "command_private.h"

namespace cw::se {

Bytes begin_with(std::initializer_list<uint8_t> first, size_t room) {
  Bytes out;
  out.reserve(first.size() + room);
  append(out, first);
  return out;
}

std::optional<Command> Command::parse(ByteView bytes) {
  if (bytes.size() < 4) return {};
  Command command{bytes[0], bytes[1], bytes[2], bytes[3], {}, false};
  const ByteView body = bytes.subspan(4);
  if (body.size() <= 1) return command;

  if (body[0] == 0 && body.size() >= 3) {
    command.extended = true;
    const size_t lc = read_be(body.subspan(1, 2));
    if (body.size() == 3) return command;  // case 2: the two bytes are Le
    if (lc == 0 || (body.size() != 3 + lc && body.size() != 5 + lc)) return {};
    command.data = body.subspan(3, lc);
    return command;
  }
  const size_t lc = body[0];
  if (body.size() != 1 + lc && body.size() != 2 + lc) return {};
  command.data = body.subspan(1, lc);
  return command;
}

}  // namespace cw::se
