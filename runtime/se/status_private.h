// Status words (GPCS 11.1.3 and the tables of each command) and how a handler refuses a command.
#pragma once

#include <string>

#include "base/error.h"

namespace cw::se {

namespace sw {
inline constexpr uint16_t kOk = 0x9000;
inline constexpr uint16_t kAlreadyClosed = 0x6200;
inline constexpr uint16_t kCardLocked = 0x6283;
inline constexpr uint16_t kCryptogram = 0x6300;
inline constexpr uint16_t kMoreData = 0x6310;
inline constexpr uint16_t kWrongLength = 0x6700;
inline constexpr uint16_t kChannel = 0x6881;
inline constexpr uint16_t kSecurity = 0x6982;
inline constexpr uint16_t kBlocked = 0x6983;
inline constexpr uint16_t kConditions = 0x6985;
inline constexpr uint16_t kWrongData = 0x6A80;
inline constexpr uint16_t kNotSupported = 0x6A81;
inline constexpr uint16_t kNotFound = 0x6A82;
inline constexpr uint16_t kNoMemory = 0x6A84;
inline constexpr uint16_t kWrongP1P2 = 0x6A86;
inline constexpr uint16_t kNoReference = 0x6A88;
inline constexpr uint16_t kInstruction = 0x6D00;
inline constexpr uint16_t kClass = 0x6E00;
inline constexpr uint16_t kUnknown = 0x6F00;
inline constexpr uint16_t kAlgorithm = 0x9484;
inline constexpr uint16_t kKeyCheckValue = 0x9485;
}  // namespace sw

/// Ends the command: the transaction is rolled back and the card answers `status`.
[[noreturn]] inline void refuse(uint16_t status, std::string why) {
  throw Error(ErrorKind::card, std::move(why), status);
}

}  // namespace cw::se
