#include <charconv>

#include "audit_record_private.h"
#include "base/error.h"
#include "base/hex.h"
#include "store/merkle.h"

namespace cw::store {

namespace {

constexpr std::string_view kRecord = "cardwright audit record 1";
constexpr std::string_view kRoot = "cardwright audit root 1 ";
constexpr size_t kHash = 32;

void append_field(Bytes& out, ByteView field) {
  append_be(out, field.size(), 4);
  append(out, field);
}

/// Reads what append_field() wrote, from the front.
class Fields {
 public:
  explicit Fields(ByteView text) : left_(text) {}

  size_t number() { return static_cast<size_t>(read_be(take(4))); }
  std::string text() { return to_string(take(number())); }
  bool at_end() const { return left_.empty(); }

 private:
  ByteView take(size_t count) {
    if (count > left_.size()) throw Error(ErrorKind::store, "an entry of the audit is cut short");
    const ByteView taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  ByteView left_;
};

[[noreturn]] void refuse_root(std::string_view why) {
  throw Error(ErrorKind::usage, "this is no root of an audit: " + std::string(why) +
                                    "; it is to be 'cardwright audit root 1 SIZE TIME HASH', as cardwright audit root "
                                    "prints it");
}

/// The next word of `line`, which loses it and the space behind it.
std::string_view take_word(std::string_view& line) {
  const size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
  return word;
}

int64_t parse_number(std::string_view word, const char* what) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size() || std::to_string(number) != word || number < 0) {
    refuse_root(std::string("its ") + what + " is no number");
  }
  return number;
}

}  // namespace

Bytes encoded(const AuditEntry& entry) {
  Bytes out;
  for (const std::string* field : {&entry.actor, &entry.action, &entry.subject}) append_field(out, view(*field));
  append_be(out, entry.details.size(), 4);
  for (const auto& [name, value] : entry.details) {
    append_field(out, view(name));
    append_field(out, view(value));
  }
  return out;
}

AuditEntry decoded_entry(ByteView text) {
  Fields fields(text);
  AuditEntry entry;
  entry.actor = fields.text();
  entry.action = fields.text();
  entry.subject = fields.text();
  for (size_t left = fields.number(); left > 0; --left) {
    std::string name = fields.text();
    entry.details.emplace_back(std::move(name), fields.text());
  }
  if (!fields.at_end()) throw Error(ErrorKind::store, "an entry of the audit has bytes behind its end");
  return entry;
}

Bytes hash_of(const AuditRecord& record) {
  Bytes text = to_bytes(kRecord);
  append_be(text, static_cast<uint64_t>(record.number), 8);
  append_be(text, static_cast<uint64_t>(record.time), 8);
  append_field(text, record.previous);
  append(text, encoded(record.entry));
  return leaf_hash(text);
}

bool holds(const AuditProof& proof) {
  return proof.record.number >= 1 && proof.root.hash.size() == kHash && hash_of(proof.record) == proof.record.hash &&
         leads_to(proof.record.hash, proof.record.number - 1, proof.root.size, proof.path, proof.root.hash);
}

std::string root_text(const AuditRoot& root) {
  return std::string(kRoot) + std::to_string(root.size) + " " + std::to_string(root.time) + " " + to_hex(root.hash);
}

AuditRoot parse_root(std::string_view line) {
  if (!line.starts_with(kRoot)) refuse_root("it begins with something else");
  line.remove_prefix(kRoot.size());
  AuditRoot root;
  root.size = parse_number(take_word(line), "size");
  root.time = parse_number(take_word(line), "time");
  const bool digits = line.find_first_not_of("0123456789ABCDEFabcdef") == std::string_view::npos;
  if (!digits || line.size() != 2 * kHash) refuse_root("its hash does not have 64 hexadecimal digits");
  root.hash = from_hex(line);
  return root;
}

AuditRecord record_in(const Row& row) {
  AuditRecord record;
  record.number = number(row.at(0));
  record.time = number(row.at(1));
  record.previous = bytes(row.at(2));
  record.entry = decoded_entry(bytes(row.at(3)));
  record.hash = bytes(row.at(4));
  return record;
}

AuditRoot root_in(const Row& row) { return {number(row.at(0)), number(row.at(1)), bytes(row.at(2))}; }

}  // namespace cw::store
