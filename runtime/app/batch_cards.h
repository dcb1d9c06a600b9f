// The readers of a batch, as --cards names them: "sim:FLAVOR*N" is N readers, and each row gets a new simulated card;
// "pcsc:PATTERN" are readers of pcscd.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/key_source.h"
#include "batch/batch.h"
#include "journal/run_head.h"

namespace cw::app {

struct BatchCards {
  /// None of them is in a reader.
  bool simulated() const;

  std::vector<std::string> names{};                    // values of --cards
  std::optional<std::string> flavor{};                 // --flavor: what product the cards in readers are
  std::optional<std::filesystem::path> keys{};         // --keys
  std::optional<std::filesystem::path> card_states{};  // folder for the memory of simulated cards, ROW.json each
};

struct OpenedCards {
  std::vector<batch::BatchReader> readers{};
  std::vector<journal::Origin> origins{};  // of runs in each of them
  bool simulated = false;                  // all of them are
  bool built_in_keys = false;
};

/// `needs_keys`: the flow does. Raises usage: another kind of reader, no reader of that name, an unknown flavor (names
/// the nearest), no key store. Raises reader: no pcscd, or one without readers.
OpenedCards open_cards(const BatchCards& wanted, bool needs_keys);

/// File name for a row: its key, with what no file name can hold as %XX.
std::string file_name_of(const std::string& row);

/// Where a row's simulated card is kept.
std::filesystem::path card_state_of(const std::filesystem::path& folder, const std::string& row);

}  // namespace cw::app
