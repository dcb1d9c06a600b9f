#include "store/store_copy.h"

#include <algorithm>

#include "base/error.h"
#include "copy_file_private.h"
#include "copy_tables_private.h"
#include "store/schema.h"

namespace cw::store {

namespace {

constexpr size_t kBatchRows = 200;
constexpr size_t kBatchBytes = 4u << 20;

void count(CopyCounts& counts, const CopiedTable& table, const Row& row) {
  const auto column = [&](const char* name) {
    return static_cast<size_t>(std::find(table.columns.begin(), table.columns.end(), name) - table.columns.begin());
  };
  if (table.name == "runs") {
    ++counts.runs;
    if (!text(row.at(column("holder"))).empty()) ++counts.held;
  }
  if (table.name == "frames") ++counts.frames;
  if (table.name == "files") ++counts.files;
  if (table.name == "audit") ++counts.audit_records;
}

/// False: it is to end.
bool write_table(Database& db, const CopiedTable& table, CopyWriter& out, CopyCounts& counts,
                 const std::function<bool()>& goes_on) {
  out.table(table.name);
  Row after;
  for (;;) {
    const Result some = db.run(next_rows(table, after));
    for (const Row& row : some.rows) {
      if (!goes_on()) return false;
      if (!is_copied(table, row)) continue;
      out.row(row);
      count(counts, table, row);
    }
    if (table.keys == 0 || static_cast<int64_t>(some.rows.size()) < table.at_once) return true;
    after = some.rows.back();
  }
}

const CopiedTable& table_named(const std::string& name, const Row& row, const std::filesystem::path& file) {
  for (const CopiedTable& table : copied_tables()) {
    if (table.name == name && table.columns.size() == row.size()) return table;
  }
  throw Error(ErrorKind::usage, "cannot import " + file.string() +
                                    ": it has a row that is none of a store's; export "
                                    "the store again");
}

/// To its end, so that nothing is written of a file that is not whole.
void read_all(const std::filesystem::path& file, const crypto::SealingKey& key) {
  CopyReader reader(file, key);
  if (reader.format() != kStoreFormat) {
    const bool newer = reader.format() > kStoreFormat;
    throw Error(ErrorKind::usage,
                "cannot import " + file.string() + ": it is of a store of format " + std::to_string(reader.format()) +
                    ", and this cardwright reads exports of format " + std::to_string(kStoreFormat) +
                    (newer ? "; use the newer one that wrote it"
                           : "; import it with the cardwright that wrote it, then run cardwright store migrate"));
  }
  while (const std::optional<CopiedRow> each = reader.next()) table_named(each->table, each->row, file);
}

void want_empty(Database& db) {
  for (const CopiedTable& table : copied_tables()) {
    if (table.name == "meta" || table.name == "in_use") continue;  // filled when they are made
    if (db.run({"SELECT " + table.columns[0] + " FROM " + table.name + " LIMIT 1", {}}).rows.empty()) continue;
    throw Error(ErrorKind::usage, "cannot import into the store " + db.where() +
                                      ": it is not empty; name a file that is not there yet, or an empty database");
  }
}

size_t size_of(const Row& row) {
  size_t size = 0;
  for (const Value& value : row) {
    if (const auto* data = std::get_if<Bytes>(&value)) size += data->size();
  }
  return size;
}

CopyCounts write_all(Database& db, const std::filesystem::path& file, const crypto::SealingKey& key) {
  CopyCounts counts;
  db.run({"DELETE FROM meta WHERE name <> 'format'", {}});  // the key of an empty store seals nothing
  db.run({"DELETE FROM in_use", {}});
  CopyReader reader(file, key);
  std::vector<Statement> batch;
  size_t bytes = 0;
  while (const std::optional<CopiedRow> each = reader.next()) {
    const CopiedTable& table = table_named(each->table, each->row, file);
    count(counts, table, each->row);
    batch.push_back(insert_row(table, each->row));
    bytes += size_of(each->row);
    if (batch.size() < kBatchRows && bytes < kBatchBytes) continue;
    db.run_all(batch);
    batch.clear();
    bytes = 0;
  }
  if (!batch.empty()) db.run_all(batch);
  return counts;
}

}  // namespace

std::optional<CopyCounts> export_store(Store& store, std::ostream& out, const std::function<bool()>& goes_on) {
  CopyCounts counts;
  bool whole = true;
  Database& db = store.database();
  db.snapshot([&] {
    CopyWriter writer(out, kStoreFormat);
    for (const CopiedTable& table : copied_tables()) {
      whole = whole && write_table(db, table, writer, counts, goes_on);
    }
    if (whole) writer.end(store.key());
  });
  if (!whole) return {};
  return counts;
}

CopyCounts import_store(const StoreOptions& options, const std::filesystem::path& file) {
  if (!options.key && is_postgres(options.where)) {
    throw Error(ErrorKind::usage, "importing " + file.string() +
                                      " needs the key file of the store that it came from; name it with --store-key");
  }
  const std::filesystem::path key_file = options.key.value_or(options.where + ".key");
  if (std::error_code none; !std::filesystem::exists(key_file, none)) {
    throw Error(ErrorKind::usage, "importing " + file.string() +
                                      " needs the key file of the store that it came from: "
                                      "there is no " +
                                      key_file.string() +
                                      "; copy it there, mode 0600, or name it "
                                      "with --store-key");
  }
  const crypto::SealingKey key = crypto::SealingKey::load(key_file);
  read_all(file, key);
  const std::unique_ptr<Database> db = open_database(options.where, options.make);
  bring_up(*db, formats(), options.make, false);
  CopyCounts counts;
  db->transact([&] {
    db->lock("tables");
    want_empty(*db);
    counts = write_all(*db, file, key);
  });
  return counts;
}

}  // namespace cw::store
