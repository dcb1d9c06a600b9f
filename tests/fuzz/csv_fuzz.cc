// CSV from a stranger: what is read, written and read again is the same.
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "batch/csv.h"

using namespace cw;

namespace {

using Rows = std::vector<std::vector<std::string>>;

void require(bool holds) {
  if (!holds) std::abort();
}

std::optional<Rows> read(ByteView data) {
  Rows rows;
  try {
    batch::CsvReader reader(data, "fuzz");
    size_t line = 0;
    for (batch::CsvRecord record; reader.next(record);) {
      require(!record.fields.empty() && record.line > line && reader.offset() <= data.size());
      line = record.line;
      rows.emplace_back();
      for (const batch::CsvField& field : record.fields) {
        require(batch::not_utf8(field.text) == std::string::npos);
        rows.back().push_back(to_string(field.text));
      }
    }
  } catch (const Error&) {
    return std::nullopt;
  }
  return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto rows = read({bytes, size});
  if (!rows) return 0;
  std::string written;
  for (const auto& row : *rows) written += batch::csv_line(row);
  // A byte order mark counts at the very beginning of a file only: as the first text of a field it needs another before
  // it.
  if (written.starts_with("\xEF\xBB\xBF")) written = "\xEF\xBB\xBF" + written;
  const auto again = read(view(written));
  require(again.has_value() && *again == *rows);
  return 0;
}
