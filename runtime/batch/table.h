// The rows of a batch: a CSV file whose columns are arguments of the flow, every row checked against the flow before
// any card is touched. Contents of secret columns become Secrets at once.
//
// An empty field is an argument that is not given; "" in quotes is one that is given and empty. Text in a field is
// text:
// '@' has no meaning there, since who fills in a table must not choose which files are read. A column of type cap names
// a file.
//
// Owner: one batch. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/key_store.h"
#include "engine/arguments.h"

namespace cw::batch {

struct Row {
  size_t line = 0;    // in the file
  std::string key{};  // what the row is known by, in this file and in its results
  engine::Arguments arguments{};
};

struct BadRow {
  size_t line = 0;
  std::string what{};
};

struct TableSetup {
  std::filesystem::path file{};
  const engine::Flow* flow = nullptr;
  std::vector<engine::Setting> common{};    // --set: the same for all rows
  std::optional<std::string> key_column{};  // may be one that the flow does not know; default: the first that can be
  std::vector<std::shared_ptr<const crypto::KeyStore>> key_stores{};  // of all readers: each must have the sets named
};

class Table {
 public:
  static constexpr size_t kRowLimit = 100'000;
  static constexpr size_t kKeyLimit = 128;
  static constexpr size_t kBadRowsKept = 20;

  /// Raises usage: the file is no CSV, a column is unknown (names the nearest), there twice or set for all rows too, a
  /// required argument has neither column nor setting, no column can name the rows, no rows. Raises cap.
  static Table load(TableSetup setup);

  const std::string& key_column() const { return key_column_; }
  const std::vector<Row>& rows() const { return rows_; }
  /// The first of them; bad_count() has them all. With any, nothing may run.
  const std::vector<BadRow>& bad_rows() const { return bad_rows_; }
  size_t bad_count() const { return bad_count_; }

  /// All arguments of a row, for a run.
  engine::Arguments arguments(const Row& row) const;

 private:
  friend class TableReader;
  std::string key_column_;
  engine::Arguments common_{};
  std::vector<Row> rows_;
  std::vector<BadRow> bad_rows_;
  size_t bad_count_ = 0;
};

}  // namespace cw::batch
