#include "se/vpcd_port.h"

namespace cw::se {
namespace {

constexpr size_t kLengthBytes = 2;
constexpr size_t kLongestMessage = 0xFFFF;

// Messages of one byte.
constexpr uint8_t kPowerOff = 0;
constexpr uint8_t kPowerOn = 1;
constexpr uint8_t kReset = 2;
constexpr uint8_t kAtr = 4;

}  // namespace

VpcdPort::VpcdPort(Card& card, Hooks hooks) : card_(card), hooks_(std::move(hooks)), saved_(card.changes()) {
  card_.power_off();  // a card that is put in has no power yet
}

bool VpcdPort::take(ByteView bytes) {
  append(input_, bytes);
  size_t at = 0;
  for (;;) {
    const ByteView rest = ByteView(input_).subspan(at);
    if (rest.size() < kLengthBytes) break;
    const size_t length = read_be(rest.first(kLengthBytes));
    if (rest.size() < kLengthBytes + length) break;
    if (!take_message(rest.subspan(kLengthBytes, length))) return false;
    at += kLengthBytes + length;
  }
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

bool VpcdPort::take_message(ByteView message) {
  noticed_ = true;
  if (message.empty()) return true;
  if (message.size() == 1) return control(message[0]);
  const Bytes response = card_.process(message);
  save_if_changed();
  if (hooks_.exchanged) hooks_.exchanged(card_, message, response);
  if (response.empty() || response.size() > kLongestMessage) return false;
  reply(response);
  return true;
}

bool VpcdPort::control(uint8_t what) {
  switch (what) {
    case kPowerOff:
      if (!card_.powered()) return true;
      card_.power_off();
      if (hooks_.power) hooks_.power(card_, false);
      return true;
    case kPowerOn:
    case kReset:
      card_.reset();
      save_if_changed();  // a deletion that was torn is completed now
      if (hooks_.power) hooks_.power(card_, true);
      return true;
    case kAtr:
      reply(card_.flavor().atr);
      return true;
    default:
      return true;
  }
}

void VpcdPort::reply(ByteView message) {
  append_be(output_, message.size(), kLengthBytes);
  append(output_, message);
}

void VpcdPort::save_if_changed() {
  if (card_.changes() == saved_) return;
  if (hooks_.changed) hooks_.changed(card_);
  saved_ = card_.changes();
}

}  // namespace cw::se
