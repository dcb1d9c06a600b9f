// Cutting a command that is too long for one APDU, after the secure channel has protected it: one MAC covers the whole
// command with its Lc of three bytes, and the pieces carry no MAC of their own (GPCS 11.1.5).
#pragma once

#include <vector>

#include "card/apdu.h"

namespace cw::gp {

/// How the pieces before the last are marked.
enum class ChainingMark {
  iso,         // CLA b5, ISO/IEC 7816-4 5.3.3
  more_in_p1,  // P1 b8, GPCS 11.1.5.1: INSTALL, PUT KEY, DELETE
};

/// Short commands of at most `block` data bytes (1 to 255) each. All but the last carry the mark and no Le; the last is
/// the command with the rest of the data. A command that fits is returned as it is, in the short form.
/// Raises usage: a block of 0 or over 255; P1 b8 marked for LOAD or STORE DATA, where it means the last block; a P1
/// that has b8 set already; a Le over 256.
std::vector<card::Apdu> chain(const card::Apdu& wrapped, ChainingMark mark, size_t block = 255);

}  // namespace cw::gp
