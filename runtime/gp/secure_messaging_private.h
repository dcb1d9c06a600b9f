// What the secure channel protocols share about the form of a protected command (GPCS 11.1.4, Amd D 6.2.4).
#pragma once

#include <array>

#include "card/apdu.h"

namespace cw::gp {

/// CLA with the bit for GlobalPlatform secure messaging, as it travels: 04, or 20 on logical channels 4 to 19.
uint8_t protected_cla(uint8_t cla);
/// CLA as the MAC covers it: class and chaining bit kept, secure messaging 04, logical channel 0.
uint8_t maced_cla(uint8_t cla);

/// CLA INS P1 P2 Lc as the MAC covers them; Lc has 3 bytes in an extended command.
class MacHeader {
 public:
  MacHeader(uint8_t cla, const card::Apdu& command, size_t lc, bool extended);
  ByteView view() const { return ByteView(bytes_).first(size_); }

 private:
  std::array<uint8_t, 7> bytes_{};
  size_t size_ = 0;
};

/// Whether a command with `lc` data bytes and this Le takes the extended form. Raises usage: lc over 65535.
bool takes_extended_form(const card::Apdu& command, size_t lc);

/// The command with secure messaging in its CLA and nothing in its data yet.
card::Apdu protected_header(const card::Apdu& plain, bool extended);

/// Status words whose answers carry an R-MAC: 9000 and the warnings 62xx and 63xx (Amd D 6.2.5).
bool is_protected_status(uint16_t sw);

}  // namespace cw::gp
