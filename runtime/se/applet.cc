// Applet instances. Their code is not run: every applet is one that keeps data groups from STORE DATA, gives those
// below 8000 back by GET DATA with the identifier in P1 P2, and checks a PIN that came as group 8201.
#include "commands_private.h"
#include "registry_private.h"

namespace cw::se {
namespace {

constexpr uint16_t kFirstSecret = 0x8000;
constexpr uint16_t kPin = 0x8201;
constexpr uint8_t kPinTries = 3;
constexpr uint8_t kLast = 0x80;
constexpr uint8_t kEncryption = 0x60;
constexpr uint8_t kEncrypted = 0x60;
constexpr uint8_t kStructure = 0x18;
constexpr uint8_t kGroups = 0x08;

// The whole of `data` as groups: identifier, length (one byte, or FF and two), value. Nothing if it is not.
std::optional<std::vector<std::pair<uint16_t, Bytes>>> parse_groups(ByteView data) {
  std::vector<std::pair<uint16_t, Bytes>> groups;
  while (!data.empty()) {
    if (data.size() < 3) return {};
    const size_t header = data[2] == 0xFF ? 5 : 3;
    if (data.size() < header) return {};
    const size_t length = header == 5 ? read_be(data.subspan(3, 2)) : data[2];
    if (data.size() < header + length) return {};
    groups.emplace_back(u16(read_be(data.first(2))), to_bytes(data.subspan(header, length)));
    data = data.subspan(header + length);
  }
  return groups;
}

// What an applet gets from SecureChannel.decryptData: a value under the DEK, without its padding.
Bytes decipher(ByteView value, const SecureSession* session) {
  if (session == nullptr) refuse(sw::kConditions, "encrypted data, and no secure channel to decipher it with");
  if (value.empty() || value.size() % session->dek_block() != 0) {
    refuse(sw::kWrongData, "an encrypted data group is no whole number of blocks");
  }
  Bytes plain = session->decrypt_key_data(value);
  plain.resize(unpadded_size(plain).value_or(plain.size()));
  return plain;
}

Reply verify(Chip& chip, const Application& applet, const Command& command) {
  const auto pin = applet.contents.groups.find(kPin);
  if (pin == applet.contents.groups.end()) refuse(sw::kInstruction, "the applet has no PIN");
  if (applet.contents.pin_tries == 0) refuse(sw::kBlocked, "the PIN is blocked");
  const bool right = equal(pin->second, command.data);
  Contents& contents = edit_application(chip.memory.write(), applet.aid).contents;
  contents.pin_tries = right ? kPinTries : u8(contents.pin_tries - 1);
  return {{}, right ? sw::kOk : u16(0x63C0 | contents.pin_tries)};
}

Reply get_group(const Application& applet, uint16_t id) {
  const auto group = applet.contents.groups.find(id);
  if (id >= kFirstSecret || group == applet.contents.groups.end()) {
    refuse(sw::kNoReference, "the applet has no such data group to show");
  }
  return {group->second};
}

}  // namespace

void store_in_instance(Application& instance, const Command& command, const SecureSession* session) {
  if (instance.kind == Kind::access_rules) return store_access_rule(instance, command);
  Contents& contents = instance.contents;
  if (contents.personalized) refuse(sw::kConditions, "the applet is personalized already");
  const auto groups = parse_groups(command.data);
  if (groups) {
    const bool encrypted = (command.p1 & kEncryption) == kEncrypted;
    for (const auto& [id, value] : *groups) contents.groups[id] = encrypted ? decipher(value, session) : value;
    contents.pin_tries = kPinTries;
  } else if ((command.p1 & kStructure) == kGroups) {
    refuse(sw::kWrongData, "a data group is cut");
  } else {
    contents.blocks.push_back(to_bytes(command.data));
  }
  if ((command.p1 & kLast) != 0) contents.personalized = true;
}

Reply applet_command(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& applet = chip.selected(channel);
  switch (command.ins) {
    case ins::kStoreData:
      if (applet.kind == Kind::access_rules) chip.performer(channel);
      store_in_instance(edit_application(chip.memory.write(), applet.aid), command, channel.session.get());
      return {};
    case ins::kGetData:
      if (applet.kind == Kind::access_rules) return get_access_rules(applet, command);
      return get_group(applet, command.p1p2());
    case ins::kVerify:
      return verify(chip, applet, command);
    default:
      refuse(sw::kInstruction, "the applet has no such instruction");
  }
}

}  // namespace cw::se
