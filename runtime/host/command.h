// A command in canonical form: what a script says, before a secure channel wraps it. A secret is a name and a length, a
// key is a name, a LOAD block a file hash and an offset. This is what the gate judges, the trace prints and a journal
// keeps; the bytes behind the names come in below it, in custody.
//
// Plain values; share freely.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "card/apdu.h"

namespace cw::host {

/// A `secret` argument of the run. `under_dek`: encrypted with the channel's data encryption key, 80-padded to its
/// block.
struct SecretPart {
  std::string name{};
  uint32_t size = 0;  // bytes that travel
  bool under_dek = false;
  bool operator==(const SecretPart&) const = default;
};

/// A stored key under the channel's data encryption key.
struct KeyPart {
  enum class Form : uint8_t {
    put_key,  // type, length, encrypted value, 03, KCV (GPCS 11.8.2.3)
    value,    // the encrypted value alone, for a key DGI
    signing,  // as put_key, of a single key that checks tokens, receipts or DAP: what a card needs of it
  };
  std::string set{};
  uint8_t index = 0;  // 0 ENC, 1 MAC, 2 DEK
  Form form = Form::put_key;
  bool operator==(const KeyPart&) const = default;
};

/// A file that an argument brought in: content by hash.
struct File {
  std::string name{};  // for people
  Bytes content{};
  Bytes sha256{};  // 32 bytes
};

/// A stretch of a file: a LOAD block.
struct FilePart {
  std::shared_ptr<const File> file{};
  uint32_t offset = 0;
  uint32_t size = 0;
  bool operator==(const FilePart& other) const {
    return offset == other.offset && size == other.size && file->sha256 == other.file->sha256;
  }
};

/// A token (GPCS C.4) over the command that it ends, made in custody: its length as BER, then the token.
struct TokenPart {
  std::string key{};  // name of the token key
  Bytes before{};     // what it signs ahead of this command: the first INSTALL of a combined load, as C.4.7 has it
  bool operator==(const TokenPart&) const = default;
};

/// A stretch of a DAP block (GPCS 11.6.2.3), made in custody: E2 { 4F domain, C3 signature }.
struct DapPart {
  std::string key{};                   // name of the key that signs
  Bytes domain{};                      // AID of the security domain that is to check it
  std::shared_ptr<const File> file{};  // C4, length, load file data block, over whose hash it is
  uint8_t hash = 32;                   // bytes of that hash: 20, 32, 48, 64
  uint32_t offset = 0;
  uint32_t size = 0;
  bool operator==(const DapPart& other) const {
    return key == other.key && domain == other.domain && hash == other.hash && offset == other.offset &&
           size == other.size && file->sha256 == other.file->sha256;
  }
};

using Part = std::variant<Bytes, SecretPart, KeyPart, FilePart, TokenPart, DapPart>;

/// Command data: parts in the order they travel.
class Data {
 public:
  Data() = default;
  explicit Data(Bytes bytes) {
    if (!bytes.empty()) parts_.emplace_back(std::move(bytes));
  }

  const std::vector<Part>& parts() const { return parts_; }
  void add(Part part);
  void add(const Data& more);

  /// No names in it: only bytes.
  bool plain() const;
  bool has_secret() const;
  bool has_key() const;
  /// The token that custody makes, which is the last part; null: there is none.
  const TokenPart* token() const;
  /// Bytes that travel; nothing if a key is in it, whose form depends on the channel, or a token, whose key is not
  /// known here.
  std::optional<size_t> size() const;
  /// The bytes up to the first name: what a gate rule can see.
  ByteView visible() const;

  bool operator==(const Data&) const = default;

 private:
  std::vector<Part> parts_;
};

struct Command {
  uint8_t cla = 0;
  uint8_t ins = 0;
  uint8_t p1 = 0;
  uint8_t p2 = 0;
  Data data{};
  std::optional<uint32_t> le{};

  bool operator==(const Command&) const = default;
};

/// SELECT, or one that only reads: the card is the same after it, however often it is sent.
bool changes_nothing(const Command& command);

/// The command with nothing but bytes in it.
Command command_of(const card::Apdu& apdu);

/// One line of ASCII that is the same for the same command in every process: header and parts, e.g.
/// `80E60C00 4F05.. <secret holder 12> <key transit.sd/0> <file 1F2E.. 0+239> le=256`.
std::string canonical(const Command& command);

}  // namespace cw::host
