// Which tables a copy of the store is made of, as of format 1.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database.h"

namespace cw::store {

struct CopiedTable {
  std::string name{};
  std::vector<std::string> columns{};
  size_t keys = 0;      // the first so many are the primary key; 0: there is none
  int64_t at_once = 0;  // rows that are read in one go
};

/// All of them, what is referred to before what refers to it.
const std::vector<CopiedTable>& copied_tables();

/// The rows that follow on the one with that key; `after` empty: the first ones.
Statement next_rows(const CopiedTable& table, const Row& after);
Statement insert_row(const CopiedTable& table, const Row& row);

/// The format's own number is the target's affair.
bool is_copied(const CopiedTable& table, const Row& row);

}  // namespace cw::store
