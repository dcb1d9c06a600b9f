// The quarantine list: cards that nobody should use and rows that nobody should try again before a person has looked. A
// CSV file to be edited by hand: what is taken out of it is free again at the next start.
//
// Owner: one batch; several may share the file. One thread at a time.
#pragma once

#include <set>
#include <string>

#include "batch/csv_log.h"

namespace cw::batch {

class Quarantine {
 public:
  /// Reads the list, or begins one. Raises usage: the file is something else, or cannot be written.
  explicit Quarantine(const std::filesystem::path& file);

  struct Entry {
    std::string card{};  // identity; empty: the card told none, and only the row is listed
    std::string row{};   // empty: the card alone
    std::string reader{};
    std::string reason{};
  };
  /// Raises script: the disk is full, or fails.
  void add(const Entry& entry);

  bool has_card(const std::string& card) const { return !card.empty() && cards_.contains(card); }
  bool has_row(const std::string& row) const { return rows_.contains(row); }
  const std::filesystem::path& path() const { return log_.path(); }

 private:
  CsvLog log_;
  std::set<std::string> cards_;
  std::set<std::string> rows_;
};

}  // namespace cw::batch
