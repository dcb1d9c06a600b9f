// The results of a batch: one CSV file that grows by a record before a row's card is written to, and by one when that
// has ended. Each is on the disk before the batch goes on, so after a crash the file tells which rows are done and
// which cards were in work.
//
// A row's last record counts. Nothing secret is in it: the row's name, the card's identity, errors.
//
// Owner: one batch; other programs are kept out while it is open. One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "batch/csv_log.h"

namespace cw::batch {

enum class State : uint8_t {
  started,  // in work; as the last record of a row: the batch died meanwhile
  stopped,  // Ctrl-C came in the middle
  done,
  failed,
  quarantined,  // failed in a way that nobody should try again without looking
};

std::string_view name_of(State state);

struct Result {
  std::string row{};
  size_t line = 0;
  State state = State::started;
  std::string card{};  // identity; empty: the card told none
  std::string reader{};
  unsigned tries = 0;  // of this row, over all batches
  double seconds = 0;
  std::string error{};  // kind
  std::string message{};
  std::string run{};  // id of its run where one is kept, or empty
};

class Results {
 public:
  /// Reads what is there. Raises usage: another batch holds the file, it is something else, it is of another flow.
  Results(const std::filesystem::path& file, std::string flow);

  struct History {
    State state = State::started;
    std::string card{};
    unsigned tries = 0;
    unsigned failures = 0;
    std::string run{};
  };
  /// Null: the row was never begun.
  const History* row(const std::string& key) const;
  /// The row whose commands this card got last; null: none.
  const std::string* row_of(const std::string& card) const;

  /// Raises script: the disk is full, or fails.
  void append(const Result& result);

  const std::filesystem::path& path() const { return log_.path(); }

 private:
  void note(const Result& result);

  std::string flow_;
  CsvLog log_;
  std::map<std::string, History> rows_;
  std::map<std::string, std::string> cards_;
};

}  // namespace cw::batch
