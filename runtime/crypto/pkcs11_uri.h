// Where a token is, as RFC 7512 writes it:
//
//   pkcs11:token=cardwright;?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/cardwright/pin
//
// The token is chosen by token, serial, manufacturer and model, as many of them as are given. A PIN is read from a file
// that only its owner may read, and stands in no argument.
//
// Plain functions without state.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cw::crypto {

struct Pkcs11Uri {
  std::string token{};  // label
  std::string serial{};
  std::string manufacturer{};
  std::string model{};
  std::filesystem::path module_path{};
  std::filesystem::path pin_source{};

  /// "token cardwright", for errors.
  std::string name() const;
};

bool is_pkcs11_uri(std::string_view text);

/// Raises usage: no such URI; an attribute that says nothing about a token; a PIN in it; no module, no PIN file,
/// nothing to choose a token by.
Pkcs11Uri parse_pkcs11_uri(std::string_view text);

}  // namespace cw::crypto
