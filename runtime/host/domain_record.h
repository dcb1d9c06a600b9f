// What is kept of a security domain between two runs, as a script sees it.
//
// Plain values.
#pragma once

#include <string>

#include "base/bytes.h"

namespace cw::host {

struct DomainRecord {
  Bytes aid{};               // 5 to 16 bytes
  std::string state{};       // asked, present, locked, deleted, reset, moved: store/domains.h
  std::string se_id{};       // as an SEI-TSM knows the chip, hex digits; empty: not needed
  std::string issuer{};      // URL of the SEI-TSM that made it; empty: made through the ISD
  std::string management{};  // none, delegated, authorized; empty: not known
  std::string keys{};        // key set that opens it; empty: none that is known
  uint8_t version = 0;       // key version number of those; 0: the set's own
  std::string told{};        // what its issuer said last; nothing that a script can put
  bool ahead = false;        // the run is only about to leave it so: it is looked at, and nothing is kept
  bool operator==(const DomainRecord&) const = default;
};

}  // namespace cw::host
