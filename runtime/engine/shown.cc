#include "engine/shown.h"

#include <algorithm>
#include <iterator>

#include "base/hex.h"
#include "card/describe.h"
#include "card/status.h"

namespace cw::engine {

namespace {

/// The command with zeros where a secret or a file block goes: its size is right, and its description needs no more.
card::Apdu with_zeros(const host::Command& command) {
  card::Apdu out{command.cla, command.ins, command.p1, command.p2, {}, command.le};
  for (const host::Part& part : command.data.parts()) {
    if (const auto* bytes = std::get_if<Bytes>(&part)) append(out.data, *bytes);
    if (const auto* secret = std::get_if<host::SecretPart>(&part)) out.data.resize(out.data.size() + secret->size);
    if (const auto* file = std::get_if<host::FilePart>(&part)) out.data.resize(out.data.size() + file->size);
    if (const auto* dap = std::get_if<host::DapPart>(&part)) out.data.resize(out.data.size() + dap->size);
  }
  return out;
}

/// Data objects of a card and of security domains (GPCS table 11-26, and those that cards have beside them).
constexpr uint16_t kPublicObjects[] = {0x0042, 0x0045, 0x0066, 0x0067, 0x00C0, 0x00C1, 0x00C2, 0x00CF,
                                       0x00D3, 0x00E0, 0x2F00, 0x5F50, 0x9F7F, 0xFF20, 0xFF21};

}  // namespace

bool answer_is_public(const host::Command& command) {
  switch (command.ins) {
    case 0x50:  // INITIALIZE UPDATE
    case 0x70:  // MANAGE CHANNEL
    case 0x82:  // EXTERNAL AUTHENTICATE
    case 0xA4:  // SELECT
    case 0xD8:  // PUT KEY
    case 0xE2:  // STORE DATA
    case 0xE4:  // DELETE
    case 0xE6:  // INSTALL
    case 0xE8:  // LOAD
    case 0xF0:  // SET STATUS
    case 0xF2:  // GET STATUS
      return true;
    case 0xCA:  // GET DATA
    case 0xCB: {
      const auto object = static_cast<uint16_t>(command.p1 << 8 | command.p2);
      return std::find(std::begin(kPublicObjects), std::end(kPublicObjects), object) != std::end(kPublicObjects);
    }
    default:
      return false;
  }
}

std::string describe(const host::Command& command) {
  // How long a key is on the wire depends on the channel, and a token on its key, so no size can be given.
  if (!command.data.size()) return card::command_name(command.cla, command.ins, command.p1);
  return card::describe(with_zeros(command));
}

std::string describe(uint16_t sw, const host::Command& command) {
  const card::Meaning meaning = card::meaning(sw, command.cla, command.ins, command.p1);
  std::string out = to_hex16(sw);
  if (!meaning.text.empty()) out += " " + meaning.text;
  if (!meaning.causes.empty()) out += " (" + meaning.causes + ")";
  return out;
}

}  // namespace cw::engine
