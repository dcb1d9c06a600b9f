// The readers of a batch, as --cards names them: "sim:FLAVOR*N" is N readers, and each row gets a new simulated card.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/key_source.h"
#include "batch/batch.h"

namespace cw::app {

struct BatchCards {
  std::vector<std::string> names{};                    // values of --cards
  std::optional<std::filesystem::path> keys{};         // --keys
  std::optional<std::filesystem::path> card_states{};  // folder for the memory of simulated cards, ROW.json each
};

struct OpenedCards {
  std::vector<batch::BatchReader> readers{};
  bool built_in_keys = false;
};

/// Raises usage: another kind of reader, an unknown flavor (names the nearest), no key store.
OpenedCards open_cards(const BatchCards& wanted);

/// File name for a row: its key, with what no file name can hold as %XX.
std::string file_name_of(const std::string& row);

}  // namespace cw::app
