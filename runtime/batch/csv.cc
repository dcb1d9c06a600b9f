#include "batch/csv.h"

#include <utility>

#include "base/error.h"
#include "base/secret.h"

namespace cw::batch {

namespace {

constexpr uint8_t kQuote = '"';

bool continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/// Bytes of the character that `text` begins with; 0: none.
size_t character(ByteView text) {
  const uint8_t first = text[0];
  if (first < 0x80) return first == 0 ? 0 : 1;
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!continues(text[i])) return 0;
  }
  const bool out_of_range = (first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] >= 0xA0) ||
                            (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] >= 0x90);
  return out_of_range ? 0 : size;
}

}  // namespace

CsvField& CsvField::operator=(CsvField&& other) noexcept {
  if (this == &other) return *this;
  wipe(text);
  text = std::exchange(other.text, {});
  quoted = other.quoted;
  return *this;
}

CsvField::~CsvField() { wipe(text); }

size_t not_utf8(ByteView text) {
  for (size_t at = 0; at < text.size();) {
    const size_t size = character(text.subspan(at));
    if (size == 0) return at;
    at += size;
  }
  return std::string::npos;
}

CsvReader::CsvReader(ByteView text, std::string origin) : text_(text), origin_(std::move(origin)) {
  constexpr uint8_t kByteOrderMark[] = {0xEF, 0xBB, 0xBF};
  if (text.size() >= 3 && equal(text.first(3), kByteOrderMark)) at_ = 3;
}

void CsvReader::fail(size_t line, const std::string& what) const {
  throw Error(ErrorKind::usage, origin_ + " line " + std::to_string(line) + ": " + what);
}

bool CsvReader::line_end() {
  if (at_ < text_.size() && text_[at_] == '\r') {
    if (at_ + 1 >= text_.size() || text_[at_ + 1] != '\n') {
      fail(line_, "a carriage return without a line feed; lines end with LF or CRLF");
    }
    ++at_;
  }
  if (at_ >= text_.size() || text_[at_] != '\n') return false;
  ++at_;
  ++line_;
  return true;
}

CsvField CsvReader::quoted_field() {
  const size_t begin_line = line_;
  const size_t begin = ++at_;
  // First its end, so that its memory is taken once and leaves no copies behind.
  size_t end = begin;
  size_t doubled = 0;
  for (;; ++end) {
    if (end >= text_.size()) fail(begin_line, "a quote is opened and not closed");
    if (text_[end] != kQuote) continue;
    if (end + 1 >= text_.size() || text_[end + 1] != kQuote) break;
    ++end;
    ++doubled;
  }
  if (end - begin - doubled > kFieldLimit) fail(begin_line, "a field is longer than 65536 bytes; is a quote missing?");
  CsvField field;
  field.quoted = true;
  field.text.reserve(end - begin - doubled);
  for (size_t i = begin; i < end; ++i) {
    if (text_[i] == '\n') ++line_;
    field.text.push_back(text_[i]);
    if (text_[i] == kQuote) ++i;
  }
  at_ = end + 1;
  const bool ended = at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '\r' || text_[at_] == '\n';
  if (!ended) fail(line_, "text behind a closing quote; a quote inside a quoted field is written twice");
  return field;
}

CsvField CsvReader::plain_field() {
  const size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\r' && text_[at_] != '\n') {
    if (text_[at_] == kQuote) {
      fail(line_, "a quote inside a field that does not begin with one; put quotes around the field and double it");
    }
    ++at_;
  }
  if (at_ - begin > kFieldLimit) fail(line_, "a field is longer than 65536 bytes");
  CsvField field;
  field.text = to_bytes(text_.subspan(begin, at_ - begin));
  return field;
}

bool CsvReader::next(CsvRecord& record) {
  while (line_end()) {
  }
  record = CsvRecord();
  if (at_ >= text_.size()) return false;
  record.line = line_;
  for (;;) {
    const size_t line = line_;
    record.fields.push_back(at_ < text_.size() && text_[at_] == kQuote ? quoted_field() : plain_field());
    if (not_utf8(record.fields.back().text) != std::string::npos) {
      fail(line, "field " + std::to_string(record.fields.size()) + " is no UTF-8 text; save the file as UTF-8");
    }
    if (at_ >= text_.size() || text_[at_] != ',') break;
    if (record.fields.size() == kColumnLimit) fail(line, "more than 256 fields");
    ++at_;
  }
  record.complete = line_end();
  return true;
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string out;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) out += ',';
    // A record of one empty field would be an empty line.
    const bool plain = field.find_first_of("\",\r\n") == std::string::npos && !(field.empty() && fields.size() == 1);
    if (plain) {
      out += field;
      continue;
    }
    out += '"';
    for (const char c : field) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  return out + '\n';
}

}  // namespace cw::batch
