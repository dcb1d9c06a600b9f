// The readers that pcscd knows: listing them, finding one by what a person calls it, and seeing what changes.
//
// Every call makes a context of its own on a thread of its own, and gives up when pcscd does not answer; so all of this
// may be called from any thread. Each call to pcscd asks about 16 readers at most, which is what one call takes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace cw::card {

/// One line of `cardwright readers`.
struct PcscReaderInfo {
  unsigned index = 0;  // in pcscd's order, from 0
  std::string name{};
  bool present = false;    // a card is in it
  bool mute = false;       // and does not answer the reset
  bool in_use = false;     // a program has it open
  bool exclusive = false;  // for itself alone
  Bytes atr{};
  unsigned events = 0;  // how often a card was put in or taken out, as pcscd counts

  /// "no card", "card", "card, mute", "card, in use", "card, held by another program".
  std::string state() const;

  bool operator==(const PcscReaderInfo&) const = default;
};

/// All of them; none: pcscd runs and has no reader. Raises reader: no pcscd, or one that does not answer.
std::vector<PcscReaderInfo> pcsc_readers();

/// The name of the reader a person means: its whole name, its index, or a part of its name that no other has, in
/// either case; nothing at all means the only one there is. Raises reader: no pcscd, no reader; usage: no such reader,
/// or several; names what there is.
std::string find_pcsc_reader(const std::string& wanted);
/// The same among `names`.
std::string find_pcsc_reader(const std::string& wanted, const std::vector<std::string>& names);

/// What happened to one reader between two looks.
struct PcscChange {
  enum class What { reader_added, reader_removed, card_inserted, card_removed, state_changed };
  What what = What::state_changed;
  PcscReaderInfo reader{};  // as it is now; as it was, if it is gone

  /// "card inserted"
  std::string_view text() const;
};

/// Changes from one listing to a later one, in the order of the later one; readers that are gone first. A card that
/// was taken out and put in again between the two is both.
std::vector<PcscChange> pcsc_changes(const std::vector<PcscReaderInfo>& before,
                                     const std::vector<PcscReaderInfo>& after);

/// Waits until something changed since `seen`, or for `limit`, and returns the readers as they are. Raises as
/// pcsc_readers().
std::vector<PcscReaderInfo> wait_for_pcsc_change(const std::vector<PcscReaderInfo>& seen,
                                                 std::chrono::milliseconds limit);

}  // namespace cw::card
