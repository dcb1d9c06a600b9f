#include "base/error.h"
#include "secure_messaging_private.h"

namespace cw::gp {

namespace {

constexpr uint8_t kFurtherChannels = 0x40;  // coding for logical channels 4 to 19

}  // namespace

uint8_t protected_cla(uint8_t cla) {
  return static_cast<uint8_t>(cla & kFurtherChannels ? cla | 0x20 : (cla & ~0x0C) | 0x04);
}

uint8_t maced_cla(uint8_t cla) { return static_cast<uint8_t>((cla & 0x90) | 0x04); }

MacHeader::MacHeader(uint8_t cla, const card::Apdu& command, size_t lc, bool extended)
    : bytes_{cla, command.ins, command.p1, command.p2} {
  size_ = extended ? 7 : 5;
  if (extended) bytes_[5] = static_cast<uint8_t>(lc >> 8);
  bytes_[size_ - 1] = static_cast<uint8_t>(lc);
}

bool takes_extended_form(const card::Apdu& command, size_t lc) {
  if (lc > 65535) {
    throw Error(ErrorKind::usage, "wrapping a command: " + std::to_string(command.data.size()) +
                                      " data bytes become more than the 65535 that a command can carry; send less at "
                                      "once");
  }
  return command.extended || lc > 255 || command.le.value_or(0) > 256;
}

card::Apdu protected_header(const card::Apdu& plain, bool extended) {
  return {protected_cla(plain.cla), plain.ins, plain.p1, plain.p2, {}, plain.le, extended};
}

bool is_protected_status(uint16_t sw) { return sw == 0x9000 || sw >> 8 == 0x62 || sw >> 8 == 0x63; }

}  // namespace cw::gp
