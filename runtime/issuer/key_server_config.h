// What the key server is told in its file: JSON, comments allowed. Checked in full before anything starts, so that one
// look shows all that is wrong. `cardwright keyserver --demo DIR` writes one.
//
// Plain values.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/key.h"
#include "net/tls_setup.h"

namespace cw::issuer {

/// A transport key that was agreed on with one TSM.
struct Kek {
  std::string key{};
  crypto::WrapForm form = crypto::WrapForm::aes_key_wrap;
};

/// A TSM that is accredited, and what for.
struct Tsm {
  std::string id{};
  std::string subject{};  // of its client certificate, as in CN=acme,O=Acme
  std::string issuer{};   // who is to have signed it, by the same kind of name; empty: any of the authorities
  std::chrono::sys_days from{};
  std::chrono::sys_days until{};  // the last day, in UTC
  std::map<unsigned, Kek> keks{};
  std::vector<Bytes> cards{};  // beginnings of keyData that it may ask for
};

/// What the keys of some cards are derived from.
struct MasterKeys {
  std::string name{};
  Bytes cards{};        // the beginning of their keyData
  uint8_t version = 0;  // key version number on the card
  std::string keys{};   // key set
  std::string method{};

  crypto::KeyType type() const;  // DES keys open SCP02, AES keys SCP03
};

struct KeyServerConfiguration {
  std::string listen{};
  std::string url{};  // what cards name in 5F50; empty: any
  net::TlsSetup tls{};
  std::filesystem::path keys{};   // key store: a file, or the pkcs11: URI of a token
  std::filesystem::path audit{};  // one line for each request for keys
  std::vector<Tsm> tsms{};
  std::vector<MasterKeys> masters{};
};

struct ReadKeyServerConfiguration {
  KeyServerConfiguration configuration{};
  std::vector<std::string> problems{};  // each a line: where, what is wrong; empty: none
};

/// Paths in it are as seen from `folder`.
ReadKeyServerConfiguration parse_key_server_configuration(std::string_view text, const std::filesystem::path& folder);
/// Raises usage: the file cannot be read.
ReadKeyServerConfiguration read_key_server_configuration(const std::filesystem::path& file);

/// Whether `data` begins so.
bool begins_with(ByteView data, ByteView beginning);

}  // namespace cw::issuer
