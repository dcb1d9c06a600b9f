#include "gp/chaining.h"

#include "base/error.h"

namespace cw::gp {

namespace {

constexpr uint8_t kLoad = 0xE8, kStoreData = 0xE2;

void check(const card::Apdu& wrapped, ChainingMark mark, size_t block) {
  if (block == 0 || block > 255) throw Error(ErrorKind::usage, "command chaining in blocks of 1 to 255 bytes only");
  if (wrapped.le.value_or(0) > 256) {
    throw Error(ErrorKind::usage, "command chaining uses short commands, which cannot ask for more than 256 bytes");
  }
  if (mark == ChainingMark::iso || wrapped.data.size() <= block) return;
  if (wrapped.ins == kLoad || wrapped.ins == kStoreData) {
    throw Error(ErrorKind::usage, "LOAD and STORE DATA are not chained by P1 b8: there it marks the last block");
  }
  if (wrapped.p1 & 0x80) throw Error(ErrorKind::usage, "command chaining by P1 b8: P1 of the whole command has it set");
}

}  // namespace

std::vector<card::Apdu> chain(const card::Apdu& wrapped, ChainingMark mark, size_t block) {
  check(wrapped, mark, block);
  std::vector<card::Apdu> out;
  ByteView rest = wrapped.data;
  while (rest.size() > block) {
    card::Apdu piece{wrapped.cla, wrapped.ins, wrapped.p1, wrapped.p2, to_bytes(rest.first(block))};
    if (mark == ChainingMark::iso) {
      piece.cla |= 0x10;
    } else {
      piece.p1 |= 0x80;
    }
    out.push_back(std::move(piece));
    rest = rest.subspan(block);
  }
  out.push_back({wrapped.cla, wrapped.ins, wrapped.p1, wrapped.p2, to_bytes(rest), wrapped.le});
  return out;
}

}  // namespace cw::gp
