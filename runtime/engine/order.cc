#include "engine/order.h"

#include <algorithm>

#include "host/command.h"

namespace cw::engine {

namespace {

constexpr uint8_t kGetData = 0xCA, kGetDataOdd = 0xCB, kGetStatus = 0xF2, kDelete = 0xE4, kPutKey = 0xD8,
                  kSetStatus = 0xF0, kInstall = 0xE6, kLoad = 0xE8, kStoreData = 0xE2;
constexpr uint8_t kForLoad = 0x02, kForExtradition = 0x10, kForRegistryUpdate = 0x40;  // P1 of INSTALL (GPCS 11.5.2.1)

bool reads(const host::Command& command) {
  return command.ins == kGetData || command.ins == kGetDataOdd || command.ins == kGetStatus;
}

/// What it does cannot be told from what a command after it does: nothing that changes the card follows in one order.
bool is_final(const host::Command& command) {
  return command.ins == kDelete || command.ins == kPutKey || command.ins == kSetStatus ||
         (command.ins == kInstall && (command.p1 & (kForExtradition | kForRegistryUpdate)) != 0);
}

/// It goes on with what the one before it began, and the card refuses it if that failed: it has the next block's
/// number, and the one before was not the last (GPCS 11.6.2.2, 11.11.2.2).
bool continues(const host::Command& before, const host::Command& command) {
  constexpr uint8_t kLastBlock = 0x80;
  if (before.cla != command.cla) return false;
  if (command.ins == kLoad && before.ins == kInstall) return (before.p1 & kForLoad) != 0 && command.p2 == 0;
  const bool numbered = command.ins == kLoad || command.ins == kStoreData;
  return numbered && before.ins == command.ins && (before.p1 & kLastBlock) == 0 &&
         command.p2 == static_cast<uint8_t>(before.p2 + 1);
}

}  // namespace

Bytes Order::Item::bytes() const {
  Bytes out;
  for (const card::Apdu& piece : pieces) append(out, piece.encode());
  return out;
}

bool parts_before(const std::vector<host::Command>& order, const host::Command& next, Relay relay) {
  if (order.empty() || host::changes_nothing(next)) return false;
  if (std::any_of(order.begin(), order.end(), is_final)) return true;
  if (relay == Relay::stops) return false;
  return !std::all_of(order.begin(), order.end(), reads) && !continues(order.back(), next);
}

}  // namespace cw::engine
