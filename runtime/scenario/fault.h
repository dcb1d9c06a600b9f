// One fault, as plain data: what goes wrong, at which command, and whether once or from then on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace cw::scenario {

struct Fault {
  enum class Kind : uint8_t {
    tear_before,   // power is lost, and the card never saw the command
    tear_inside,   // in the middle of the card's transaction; simulated cards only
    tear_after,    // the card acted, and its answer is lost with the power
    drop,          // the card acted, and its answer is lost
    corrupt,       // one bit of the answer's data is turned over, or of the status word where there is no data
    truncate,      // the second half of the answer is missing
    duplicate,     // the answer comes again, in place of the next one
    delay,         // the answer comes `amount` milliseconds late
    wrong_mac,     // one bit of the command's C-MAC is turned over
    status,        // the card answers `sw` and does nothing
    card_removed,  // there is no card, until the next reset
    reader_gone,   // there is no reader any more
    nvm_full,      // no more than `amount` bytes of non-volatile memory; simulated cards only
    lock_keys,     // every key set answers as after too many failures
  };
  Kind kind = Kind::tear_before;
  unsigned number = 0;   // of the command, counted from now on, from 1; 0: by name
  std::string on{};      // command name, "INSTALL" for all of its kinds; empty: every command
  unsigned nth = 1;      // of those with that name
  bool always = false;   // from then on, and not once
  uint16_t sw = 0x6F00;  // of status
  uint32_t amount = 0;   // milliseconds or bytes

  /// "tear before LOAD", "status 6A84 to command 7": for people.
  std::string text() const;

  /// Reads {kind, number | on + nth, always, sw, amount}. Raises usage: an unknown kind or field (names the nearest), a
  /// number out of range, a command name that no command has.
  static Fault parse(const nlohmann::json& data);
};

/// The kinds by name, as scenarios write them.
std::vector<std::string> fault_names();
std::string_view name_of(Fault::Kind kind);

/// Only on a card whose chip is simulated.
bool needs_chip(Fault::Kind kind);

}  // namespace cw::scenario
