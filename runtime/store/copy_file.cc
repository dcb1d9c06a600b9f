#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "copy_file_private.h"
#include "crypto/digest.h"
#include "store/store_copy.h"

namespace cw::store {

namespace {

constexpr std::string_view kMagic = "cardwright store export 1\n";
constexpr const char* kPurpose = "cardwright store export";
constexpr size_t kHash = 32;

Bytes next_sum(const Bytes& sum, ByteView content) {
  return crypto::digest(crypto::Hash::sha256, concat({sum, content}));
}

void append_value(Bytes& out, const Value& value) {
  const auto sized = [&](char letter, ByteView content) {
    append(out, {static_cast<uint8_t>(letter)});
    append_be(out, content.size(), 4);
    append(out, content);
  };
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    append(out, {'i'});
    append_be(out, static_cast<uint64_t>(*whole), 8);
  } else if (const auto* word = std::get_if<std::string>(&value)) {
    sized('t', view(*word));
  } else if (const auto* data = std::get_if<Bytes>(&value)) {
    sized('b', *data);
  } else {
    append(out, {'n'});
  }
}

/// Values from the front of a row's block; nothing: it is not one.
std::optional<Row> parse_row(ByteView content) {
  Row row;
  const auto take = [&](size_t count) {
    const ByteView taken = content.first(count);
    content = content.subspan(count);
    return taken;
  };
  while (!content.empty()) {
    const auto letter = static_cast<char>(take(1)[0]);
    if (letter == 'n') {
      row.emplace_back();
    } else if (letter == 'i' && content.size() >= 8) {
      row.emplace_back(static_cast<int64_t>(read_be(take(8))));
    } else if ((letter == 't' || letter == 'b') && content.size() >= 4) {
      const auto size = static_cast<size_t>(read_be(take(4)));
      if (size > content.size()) return {};
      if (letter == 't') {
        row.emplace_back(to_string(take(size)));
      } else {
        row.emplace_back(to_bytes(take(size)));
      }
    } else {
      return {};
    }
  }
  return row;
}

}  // namespace

CopyWriter::CopyWriter(std::ostream& out, int64_t format) : out_(out) {
  out_ << kMagic;
  Bytes head = {'H'};
  append_be(head, static_cast<uint64_t>(format), 8);
  block(head);
}

void CopyWriter::table(const std::string& name) { block(concat({view("T"), view(name)})); }

void CopyWriter::row(const Row& row) {
  Bytes content = {'R'};
  for (const Value& value : row) append_value(content, value);
  block(content);
}

void CopyWriter::end(const crypto::SealingKey& key) {
  const Bytes sum = sum_;
  block(concat({view("E"), sum, key.mac(kPurpose, sum)}));
}

void CopyWriter::block(const Bytes& content) {
  Bytes length;
  append_be(length, content.size(), 4);
  out_ << text_view(length) << text_view(content);
  sum_ = next_sum(sum_, content);
}

CopyReader::CopyReader(const std::filesystem::path& file, const crypto::SealingKey& key) : file_(file), key_(key) {
  std::error_code error;
  left_ = std::filesystem::file_size(file, error);
  if (!error) in_.open(file, std::ios::binary);
  if (error || !in_) {
    throw Error(ErrorKind::usage, "cannot read the export " + file.string() + ": " +
                                      (error ? error.message() : std::string(std::strerror(errno))));
  }
  std::string magic(kMagic.size(), '\0');
  in_.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  if (magic != kMagic) {
    refuse(magic.starts_with(kCopyBegins) ? "a newer cardwright wrote it; use that one"
                                          : "it is no export of a store; cardwright store export writes one");
  }
  left_ -= kMagic.size();
  const Bytes head = block();
  if (head.size() != 9 || head[0] != 'H') refuse("its head is damaged; export the store again");
  format_ = static_cast<int64_t>(read_be(ByteView(head).subspan(1)));
}

std::optional<CopiedRow> CopyReader::next() {
  for (;;) {
    const Bytes before = sum_;
    const Bytes content = block();
    const ByteView rest = ByteView(content).subspan(1);
    if (content[0] == 'T') {
      table_ = to_string(rest);
    } else if (content[0] == 'R') {
      std::optional<Row> row = parse_row(rest);
      if (!row) refuse("it is damaged; export the store again");
      return CopiedRow{table_, std::move(*row)};
    } else if (content[0] == 'E') {
      sum_ = before;
      check_end(rest);
      return {};
    } else {
      refuse("it is damaged; export the store again");
    }
  }
}

Bytes CopyReader::block() {
  const auto read = [&](size_t count) {
    if (count > left_) refuse("it is cut short or damaged; export the store again");
    Bytes out(count);
    in_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(count));
    if (!in_) refuse("it cannot be read to its end; look at the disk it is on");
    left_ -= count;
    return out;
  };
  const auto size = static_cast<size_t>(read_be(read(4)));
  if (size == 0) refuse("it is damaged; export the store again");
  Bytes content = read(size);
  sum_ = next_sum(sum_, content);
  return content;
}

void CopyReader::check_end(ByteView content) {
  if (content.size() != 2 * kHash || !equal(content.first(kHash), sum_) || left_ != 0) {
    refuse("its checksum is wrong, so it is damaged; export the store again");
  }
  if (!crypto::constant_time_equal(content.subspan(kHash), key_.mac(kPurpose, sum_))) {
    refuse(
        "it is sealed under another key than the one given, or was changed by somebody; name the key file of the "
        "store it came from with --store-key");
  }
}

void CopyReader::refuse(const std::string& why) const {
  throw Error(ErrorKind::usage, "cannot import " + file_.string() + ": " + why);
}

}  // namespace cw::store
