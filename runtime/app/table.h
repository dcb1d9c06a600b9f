// A table for people: aligned columns, no lines around. Fits the terminal by breaking the widest cells.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/terminal.h"

namespace cw::app {

struct Table {
  std::string title{};
  std::vector<std::string> columns{};            // headings; all empty: none are printed
  std::vector<std::vector<std::string>> rows{};  // as many cells as columns

  /// What log.table of a script gives: {"title", "columns", "rows"}.
  static Table parse(const nlohmann::json& value);

  /// Lines, each with its end. Cells are made printable.
  std::string format(const Terminal& terminal) const;
};

}  // namespace cw::app
