// What a token is asked for (GPCS C.4), taken apart: P1, P2, length, and the fields of a command. Strict: what cannot
// be read to the last byte is not signed.
//
// Plain values.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace cw::issuer {

enum class TokenKind : uint8_t { load, install, make_selectable, extradition, registry_update, remove, combined };

struct TokenData {
  TokenKind kind = TokenKind::load;
  Bytes load_file{};
  Bytes domain{};  // load: where it goes; extradition, registry update: whose it becomes
  Bytes hash{};
  Bytes load_parameters{};
  Bytes module{};
  Bytes application{};  // instance; of a DELETE what goes, application or load file
  Bytes privileges{};
  Bytes parameters{};
  bool related = false;  // DELETE with P2 80
};

/// Raises usage: which field cannot be.
TokenData parse_token_data(ByteView bytes);

}  // namespace cw::issuer
