// CSV as RFC 4180 has it: records of fields; quotes around a field that holds commas, quotes or line ends; a quote
// inside is doubled. Lines end with LF or CRLF. Text is UTF-8, with or without a byte order mark.
//
// What a field holds may be secret, so the memory that held it is wiped.
//
// Owner: whoever reads the file. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::batch {

struct CsvField {
  Bytes text{};
  bool quoted = false;  // "" says "empty" where nothing at all says "not there"

  CsvField() = default;
  CsvField(CsvField&&) noexcept = default;
  CsvField& operator=(CsvField&& other) noexcept;
  ~CsvField();
};

struct CsvRecord {
  size_t line = 0;  // of its first character, in the file
  std::vector<CsvField> fields{};
  bool complete = false;  // its line end is there
};

class CsvReader {
 public:
  static constexpr size_t kFieldLimit = 64u << 10;
  static constexpr size_t kColumnLimit = 256;

  /// `text` outlives this; `origin` names it in errors.
  CsvReader(ByteView text, std::string origin);

  /// The next record; empty lines are passed over. False: no more. Raises usage, naming origin and line: a quote that
  /// is not closed or stands inside a field, text behind a closing quote, a carriage return without a line feed, a NUL,
  /// bytes that are no UTF-8, a field or record over the limits.
  bool next(CsvRecord& record);

  /// Where the next record begins.
  size_t offset() const { return at_; }

 private:
  [[noreturn]] void fail(size_t line, const std::string& what) const;
  CsvField quoted_field();
  CsvField plain_field();
  bool line_end();

  ByteView text_;
  std::string origin_;
  size_t at_ = 0;
  size_t line_ = 1;
};

/// One record with its line end; quotes only where they are needed.
std::string csv_line(const std::vector<std::string>& fields);

/// Offset of the first byte that is no UTF-8 (RFC 3629) or NUL; npos: all is well.
size_t not_utf8(ByteView text);

}  // namespace cw::batch
