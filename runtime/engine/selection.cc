#include "engine/selection.h"

#include <optional>

#include "card/apdu.h"
#include "card/tlv.h"

namespace cw::engine {

namespace {

/// The FCI has the whole AID where SELECT gave the beginning of one, or nothing (GPCS 11.9.3.1).
std::optional<Bytes> aid_in_fci(ByteView answer) {
  try {
    const card::TlvList fci = card::parse_tlv(answer);
    const card::Tlv* aid = card::find(fci, "6F/84");
    return aid != nullptr ? std::optional(aid->value) : std::nullopt;
  } catch (const Error&) {
    return {};  // no FCI; a card may answer what it likes
  }
}

}  // namespace

bool selects(const host::Command& command) { return command.ins == 0xA4 && command.p1 == 0x04; }

bool stops_a_plan(uint16_t sw) {
  const uint8_t high = static_cast<uint8_t>(sw >> 8);
  return !(sw == 0x9000 || high == 0x61 || high == 0x62 || high == 0x63);
}

uint8_t managed_channel(const host::Command& command, const host::Answer& answer) {
  if (command.p2 != 0) return command.p2;
  if (command.p1 == 0x00 && !answer.data.empty()) return answer.data[0];
  return static_cast<uint8_t>(card::channel_of(command.cla));
}

void Selection::answered(const host::Command& command, const host::Answer& answer) {
  if (command.ins == 0x70 && (command.cla & 0x80) == 0) forget(managed_channel(command, answer));
  if (!selects(command) || stops_a_plan(answer.sw)) return;
  unknown_.erase(static_cast<uint8_t>(card::channel_of(command.cla)));
  selected_[static_cast<uint8_t>(card::channel_of(command.cla))] =
      aid_in_fci(answer.data).value_or(to_bytes(command.data.visible()));
}

Bytes Selection::on(uint8_t logical_channel) const {
  const auto found = selected_.find(logical_channel);
  return found == selected_.end() ? Bytes() : found->second;
}

}  // namespace cw::engine
