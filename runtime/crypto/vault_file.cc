#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "secret_bytes_private.h"
#include "vault_file_private.h"

namespace cw::crypto {

namespace {

constexpr std::string_view kMagic = "cardwright-keys 1 ";
constexpr std::string_view kContext = "cardwright key file";
constexpr size_t kSaltSize = 16;
constexpr size_t kCheckSize = 16;
// What a head may ask of this machine.
constexpr uint64_t kMostN = 1u << 17;  // with r, 128 MiB
constexpr uint64_t kMostR = 8;
constexpr uint64_t kMostP = 4;

[[noreturn]] void no_vault(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::usage, file.string() + " is no sealed key file: " + why + "; take the one of a backup");
}

[[noreturn]] void changed(const std::filesystem::path& file) {
  throw Error(ErrorKind::store,
              "the key file " + file.string() +
                  " was changed or cut short since it was sealed, and nothing of it is used; take the "
                  "one of a backup: cardwright keys restore");
}

std::string check_of(const SealingKey& key) {
  return to_hex(ByteView(key.mac("check", view(kMagic))).first(kCheckSize));
}

/// A passphrase ends where its line does.
Secret without_end_of_line(const Secret& text) {
  size_t size = text.size();
  const ByteView bytes = SecretBytes::view(text);
  while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r')) --size;
  return prefix(text, size);
}

std::string_view head_of(ByteView content) {
  const std::string_view text = text_view(content).substr(0, 256);
  const size_t end = text.find('\n');
  return end == std::string_view::npos || !text.starts_with(kMagic) ? std::string_view{} : text.substr(0, end + 1);
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

uint64_t number_of(std::string_view text, uint64_t most) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out <= most ? out : 0;
}

std::optional<Scrypt> scrypt_of(const std::vector<std::string_view>& words) {
  if (words.size() != 6 || words[0] != "scrypt" || words[4].size() != 2 * kSaltSize) return {};
  Scrypt out;
  out.n = number_of(words[1], kMostN);
  out.r = static_cast<uint32_t>(number_of(words[2], kMostR));
  out.p = static_cast<uint32_t>(number_of(words[3], kMostP));
  if (!std::has_single_bit(out.n) || out.n < 2 || out.r == 0 || out.p == 0) return {};
  if (words[4].find_first_not_of("0123456789ABCDEF") != std::string_view::npos) return {};
  out.salt = from_hex(words[4]);
  return out;
}

/// Pieces of the plain bytes, joined without a copy in between.
class Writer {
 public:
  void number(uint64_t value) {
    Bytes bytes;
    append_be(bytes, value, 8);
    held_.push_back(std::move(bytes));
    order_.push_back({held_.size() - 1, nullptr});
  }
  void bytes(ByteView value) {
    number(value.size());
    held_.push_back(to_bytes(value));
    order_.push_back({held_.size() - 1, nullptr});
  }
  void secret(const Secret& value) {
    number(value.size());
    order_.push_back({0, &value});
  }
  Secret finish() const {
    std::vector<SecretPiece> pieces;
    for (const Place& place : order_) {
      pieces.push_back(place.secret != nullptr ? SecretPiece{{}, place.secret} : SecretPiece{held_[place.at], nullptr});
    }
    return join(pieces);
  }

 private:
  struct Place {
    size_t at;
    const Secret* secret;
  };
  std::vector<Bytes> held_{};
  std::vector<Place> order_{};
};

/// What the tag vouches for is still read with care: a length too large raises, and nothing is read beyond the end.
class Reader {
 public:
  explicit Reader(ByteView rest) : rest_(rest) {}
  bool at_end() const { return rest_.empty(); }
  uint64_t number() { return read_be(take(8)); }
  ByteView bytes() { return take(number()); }
  std::string text() { return to_string(bytes()); }

 private:
  ByteView take(uint64_t size) {
    if (size > rest_.size()) throw Error(ErrorKind::internal, "a sealed key file ends in the middle of a record");
    const ByteView out = rest_.first(size);
    rest_ = rest_.subspan(size);
    return out;
  }
  ByteView rest_;
};

// Below the numbers that secret keys have (KeyType).
constexpr std::array<std::string_view, 3> kPairs = {"rsa", "ec", "sm2"};

uint64_t type_number(const KeyRecord& record) {
  if (record.pair.empty()) return static_cast<uint64_t>(record.type);
  return static_cast<uint64_t>(std::find(kPairs.begin(), kPairs.end(), record.pair) - kPairs.begin());
}

void write_record(Writer& out, const KeyRecord& record) {
  out.bytes(view(record.name));
  out.bytes(view(record.diversification));
  out.bytes(view(record.origin));
  for (const uint64_t value :
       {uint64_t{record.generation}, static_cast<uint64_t>(record.purpose), type_number(record), uint64_t{record.size},
        uint64_t{record.version}, static_cast<uint64_t>(record.state), static_cast<uint64_t>(record.created),
        static_cast<uint64_t>(record.active_from), static_cast<uint64_t>(record.expires),
        static_cast<uint64_t>(record.changed), uint64_t{record.replaced_by}, uint64_t{record.kcvs.size()}}) {
    out.number(value);
  }
  for (const Bytes& kcv : record.kcvs) out.bytes(kcv);
}

KeyRecord read_record(Reader& in) {
  KeyRecord out;
  out.name = in.text();
  out.diversification = in.text();
  out.origin = in.text();
  out.generation = static_cast<uint32_t>(in.number());
  out.purpose = static_cast<KeyPurpose>(in.number());
  const uint64_t type = in.number();
  if (type < kPairs.size()) {
    out.pair = kPairs[type];
  } else {
    out.type = static_cast<KeyType>(type);
  }
  out.size = in.number();
  out.version = static_cast<uint8_t>(in.number());
  out.state = static_cast<KeyState>(in.number());
  out.created = static_cast<int64_t>(in.number());
  out.active_from = static_cast<int64_t>(in.number());
  out.expires = static_cast<int64_t>(in.number());
  out.changed = static_cast<int64_t>(in.number());
  out.replaced_by = static_cast<uint32_t>(in.number());
  for (uint64_t count = in.number(); count > 0; --count) out.kcvs.push_back(to_bytes(in.bytes()));
  return out;
}

}  // namespace

bool has_vault_head(ByteView content) { return text_view(content).starts_with(kMagic); }

VaultLock new_lock(const Secret& secret) {
  if (std::optional<SealingKey> key = SealingKey::of_digits(secret)) {
    std::string head = std::string(kMagic) + "key " + check_of(*key) + "\n";
    return {std::move(*key), std::move(head)};
  }
  const Secret words = without_end_of_line(secret);
  if (words.empty()) throw Error(ErrorKind::usage, "a sealed key file needs a passphrase, and this one is empty");
  Scrypt how;
  how.salt = random_bytes(kSaltSize);
  SealingKey key = SealingKey::of_passphrase(words, how);
  std::string head = std::string(kMagic) + "scrypt " + std::to_string(how.n) + " " + std::to_string(how.r) + " " +
                     std::to_string(how.p) + " " + to_hex(how.salt) + " " + check_of(key) + "\n";
  return {std::move(key), std::move(head)};
}

VaultLock lock_of(const std::filesystem::path& file, ByteView content, const Secret& secret, const VaultLock* known) {
  const std::string_view head = head_of(content);
  if (head.empty()) no_vault(file, "it does not begin as one");
  if (known != nullptr && known->head == head) return {known->key.clone(), known->head};
  const std::vector<std::string_view> words = words_of(head.substr(kMagic.size(), head.size() - kMagic.size() - 1));
  const bool by_key = words.size() == 2 && words[0] == "key";
  const std::optional<Scrypt> how = scrypt_of(words);
  if (!by_key && !how) no_vault(file, "its first line says nothing about how it is sealed that this program knows");
  std::optional<SealingKey> key =
      by_key ? SealingKey::of_digits(secret) : SealingKey::of_passphrase(without_end_of_line(secret), *how);
  if (!key || check_of(*key) != words.back()) {
    throw Error(ErrorKind::usage, "the key file " + file.string() + " was sealed under another " +
                                      (by_key ? "key" : "passphrase") + " than the one given");
  }
  return {std::move(*key), std::string(head)};
}

Bytes sealed_entries(const VaultLock& lock, const std::vector<VaultEntry>& entries) {
  Writer out;
  for (const VaultEntry& entry : entries) {
    write_record(out, entry.record);
    out.number(entry.bytes.size());
    for (const Secret& bytes : entry.bytes) out.secret(bytes);
  }
  const Bytes sealed = lock.key.seal(out.finish(), std::string(kContext) + lock.head);
  return concat({view(lock.head), sealed});
}

std::vector<VaultEntry> opened_entries(const VaultLock& lock, const std::filesystem::path& file, ByteView content) {
  Secret plain;
  try {
    plain = lock.key.open_secret(content.subspan(lock.head.size()), std::string(kContext) + lock.head);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::store) throw;
    changed(file);
  }
  std::vector<VaultEntry> out;
  for (Reader in(SecretBytes::view(plain)); !in.at_end();) {
    VaultEntry entry{read_record(in), {}};
    for (uint64_t count = in.number(); count > 0; --count) entry.bytes.push_back(Secret::copy(in.bytes()));
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace cw::crypto
