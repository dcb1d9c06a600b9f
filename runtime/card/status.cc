#include "card/status.h"

#include "base/hex.h"
#include "status_table_private.h"

namespace cw::card {

namespace {

const StatusRow* row_of(uint16_t sw, Command command) {
  for (const StatusRow& row : command_status_rows()) {
    if (row.command == command && (sw & row.mask) == row.sw) return &row;
  }
  // What INSTALL says in general holds for its personalization kind too.
  if (command == Command::install_for_personalization) return row_of(sw, Command::install);
  for (const StatusRow& row : general_status_rows()) {
    if ((sw & row.mask) == row.sw) return &row;
  }
  return nullptr;
}

}  // namespace

Meaning meaning(uint16_t sw, uint8_t cla, uint8_t ins, uint8_t p1) {
  const StatusRow* row = row_of(sw, command_of(cla, ins, p1));
  if (row == nullptr) {
    return {"status word of the application", "not one that ISO/IEC 7816-4 or GlobalPlatform define",
            "see the application's own documentation"};
  }
  Meaning out{std::string(row->text), std::string(row->causes), std::string(row->advice)};
  if ((sw & 0xFFF0) == 0x63C0) out.text += ", " + std::to_string(sw & 0x0F) + " tries left";
  if ((sw & 0xFF00) == 0x6C00) out.text += ", " + std::to_string((sw & 0xFF) == 0 ? 256 : sw & 0xFF) + " bytes";
  return out;
}

std::string explain(uint16_t sw, uint8_t cla, uint8_t ins, uint8_t p1) {
  const Meaning what = meaning(sw, cla, ins, p1);
  const bool fine = sw == 0x9000 || (sw & 0xFF00) == 0x6100;
  std::string out = command_name(cla, ins, p1) + (fine ? ": " : " failed: ") + to_hex16(sw) + " " + what.text;
  if (!what.causes.empty()) out += " (" + what.causes + ")";
  if (!what.advice.empty()) out += "; " + what.advice;
  return out;
}

}  // namespace cw::card
