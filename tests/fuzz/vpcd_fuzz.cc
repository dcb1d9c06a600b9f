// Whatever comes over the connection to vpcd, cut anywhere: the card answers in whole messages or drops the connection.
// The first byte of the input says after how many bytes the stream is cut, the rest is the stream.
#include "se/vpcd_port.h"

namespace {

/// Whether `bytes` is a sequence of whole messages.
bool whole_messages(cw::ByteView bytes) {
  while (!bytes.empty()) {
    if (bytes.size() < 2) return false;
    const size_t length = cw::read_be(bytes.first(2));
    if (length == 0 || bytes.size() < 2 + length) return false;
    bytes = bytes.subspan(2 + length);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  cw::se::Card card(cw::se::flavor("generic"));
  unsigned saved = 0;
  cw::se::VpcdPort port(card, {{}, {}, [&](const cw::se::Card&) { ++saved; }});
  const size_t piece = 1 + data[0];
  const cw::ByteView stream(data + 1, size - 1);
  for (size_t at = 0; at < stream.size(); at += piece) {
    if (!port.take(stream.subspan(at, std::min(piece, stream.size() - at)))) break;
  }
  if (!whole_messages(port.output())) __builtin_trap();
  return 0;
}
