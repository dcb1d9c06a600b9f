// A single key in the text key file, which signs: the fields of its section, and the key that they make. Private to
// this folder.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "crypto/signing_key.h"

namespace cw::crypto {

/// A field as it is written; it may be a key.
struct FieldText {
  Secret text{};
  size_t line = 0;
};
using FieldTexts = std::map<std::string, FieldText, std::less<>>;

/// curve, key, private, public, modulus, exponent.
bool is_signing_field(std::string_view field);

/// Straight into wiped memory; nothing if it is not hexadecimal.
std::optional<Secret> secret_from_hex(std::string_view text);

/// `type` is rsa, ec, aes or des; `line` that of the section; files are beside `folder`. `raise` ends with an error
/// that names origin and line.
std::shared_ptr<const SigningKey> signing_key_of(std::string_view type, const FieldTexts& fields, size_t line,
                                                 const std::filesystem::path& folder,
                                                 const std::function<void(size_t, const std::string&)>& raise);

}  // namespace cw::crypto
