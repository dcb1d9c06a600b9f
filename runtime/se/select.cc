// SELECT (GPCS 11.9) and MANAGE CHANNEL (11.7).
#include "commands_private.h"
#include "registry_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

bool starts_with(ByteView aid, ByteView part) {
  return part.size() <= aid.size() && equal(aid.first(part.size()), part);
}

// GPCS 6.4.2.1: the first whose AID begins so, a full match before others; `after` continues behind the selected one.
const Application* search(const Nvm& nvm, ByteView part, const Aid* after) {
  bool passed = after == nullptr;
  const Application* first = nullptr;
  for (const auto& entry : nvm.applications) {
    if (passed && selectable(nvm, *entry) && starts_with(entry->aid, part)) {
      if (after != nullptr || entry->aid.size() == part.size()) return &*entry;
      if (first == nullptr) first = &*entry;
    }
    if (after != nullptr && entry->aid == *after) passed = true;
  }
  return first;
}

Bytes file_control_information(const Flavor& flavor, const Application& application) {
  Bytes inner = tlv(0x84, application.aid);
  put_tlv(inner, 0xA5, application.kind == Kind::domain ? ByteView(flavor.fci_proprietary) : ByteView{});
  return tlv(0x6F, inner);
}

// P1 00, by file identifier. A card with a file system has the MF alone (ETSI TS 102 221 11.1.1: 6A82 for others).
Reply select_file(const Flavor& flavor, ByteView identifier) {
  if (!flavor.answers_mf_select) refuse(sw::kWrongP1P2, "this card has no file system");
  if (!identifier.empty() && !equal(identifier, Bytes{0x3F, 0x00})) refuse(sw::kNotFound, "the card has no such file");
  // File control parameters (ETSI TS 102 221 11.1.1.3): a directory, 3F00, activated.
  Bytes inner = tlv(0x82, Bytes{0x78, 0x21});
  put_tlv(inner, 0x83, Bytes{0x3F, 0x00});
  put_tlv(inner, 0xA5, tlv(0x80, Bytes{0x71}));
  put_tlv(inner, 0x8A, Bytes{0x05});
  put_tlv(inner, 0xC6, Bytes{0x90, 0x01, 0x00, 0x83, 0x01, 0x01});
  return {tlv(0x62, inner)};
}

}  // namespace

Reply select(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Nvm& nvm = chip.nvm();
  if (nvm.card_state == state::kTerminated) refuse(sw::kConditions, "the card is TERMINATED");
  if (command.p1 == 0x00) return select_file(chip.flavor, command.data);
  if (command.p1 != 0x04) refuse(sw::kWrongP1P2, "this card selects by name only (P1 04)");
  const bool next = command.p2 == 0x02;
  if (!next && command.p2 != 0x00 && command.p2 != 0x04 && command.p2 != 0x0C) {
    refuse(sw::kWrongP1P2, "SELECT has no such P2");
  }
  if (command.data.size() > 16) refuse(sw::kNotFound, "no AID is that long");

  const Application* found = command.data.empty() && !next
                                 ? &issuer_domain(nvm)
                                 : search(nvm, command.data, next ? &channel.selected : nullptr);
  if (found == nullptr) refuse(sw::kNotFound, "no selectable application has this AID");

  const uint16_t status = nvm.card_state == state::kCardLocked ? sw::kCardLocked : sw::kOk;
  const Bytes information = file_control_information(chip.flavor, *found);
  if (chip.load && chip.load->channel == chip.number_of(channel)) chip.load.reset();
  chip.select_on(channel, found->aid);
  return {information, status};
}

Reply manage_channel(Chip& chip, LogicalChannel& channel, const Command& command) {
  if (chip.nvm().card_state == state::kTerminated) refuse(sw::kConditions, "the card is TERMINATED");
  if (command.p1 == 0x80) {
    if (command.p2 == 0 || command.p2 >= chip.flavor.channels)
      refuse(sw::kNotSupported, "this channel cannot be closed");
    LogicalChannel& target = chip.channels[command.p2];
    if (!target.open) return {{}, sw::kAlreadyClosed};
    if (chip.load && chip.load->channel == command.p2) chip.load.reset();
    target = {};
    return {};
  }
  if (command.p1 != 0x00) refuse(sw::kWrongP1P2, "MANAGE CHANNEL opens (P1 00) or closes (80)");
  if (command.p2 != 0 && command.p2 >= chip.flavor.channels)
    refuse(sw::kNotSupported, "the card has not so many channels");

  unsigned number = command.p2;
  for (unsigned at = 1; number == 0 && at < chip.flavor.channels; ++at) {
    if (!chip.channels[at].open) number = at;
  }
  if (number == 0) refuse(sw::kNotSupported, "all logical channels are open");
  if (chip.channels[number].open) refuse(sw::kWrongP1P2, "this logical channel is open already");
  // GPCS 6.4.1.2: from the basic channel the default is selected on it, from another the application that opened it.
  const Aid selected = &channel == &chip.channels[0] ? default_application(chip.nvm()).aid : channel.selected;
  chip.select_on(chip.channels[number], selected);
  return command.p2 == 0 ? Reply{{u8(number)}} : Reply{};
}

}  // namespace cw::se
