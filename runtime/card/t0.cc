#include "card/t0.h"

#include "base/error.h"

namespace cw::card {

namespace {

constexpr size_t kHeader = 4;

}  // namespace

Bytes t0_command(ByteView apdu) {
  if (apdu.size() > kHeader + 1 && apdu[kHeader] == 0) {
    throw Error(ErrorKind::reader,
                "the card is connected with T=0, which carries no extended APDU; send short ones, or chain them");
  }
  Bytes out = to_bytes(apdu);
  if (out.size() == kHeader) out.push_back(0);
  if (out.size() > kHeader + 1 && out.size() == kHeader + 1 + out[kHeader] + 1) out.pop_back();
  return out;
}

}  // namespace cw::card
