// Status words and what they mean: for the command that got them, in the specification's terms, likely cause first.
#pragma once

#include <optional>
#include <string>

#include "card/apdu.h"

namespace cw::card {

struct Meaning {
  std::string text;    // "referenced data not found"
  std::string causes;  // "the AID is not in the registry", likely cause first; may be empty
  std::string advice;  // "list the registry with demo/inventory"; may be empty
};

/// Name of a GlobalPlatform or ISO command ("INSTALL [for load]", "GET STATUS", "SELECT"); "INS XX" if unknown. `p1`
/// tells the kinds of INSTALL apart.
std::string command_name(uint8_t cla, uint8_t ins, uint8_t p1);

/// What `sw` says in answer to `ins` (GPCS 11.1.3 and the table of the command; ISO 7816-4 table 5).
Meaning meaning(uint16_t sw, uint8_t cla, uint8_t ins, uint8_t p1);

/// One line: "DELETE failed: 6A88 referenced data not found (the AID is not in the registry); list ...".
std::string explain(uint16_t sw, uint8_t cla, uint8_t ins, uint8_t p1);

}  // namespace cw::card
