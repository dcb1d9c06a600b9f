#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "secret_bytes_private.h"
#include "signing_section_private.h"

namespace cw::crypto {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kFields = {"curve", "key", "private", "public", "modulus", "exponent"};

std::string_view type_of(const SigningKey& key) {
  if (key.algorithm() == SigningAlgorithm::sm2) return "sm2";
  return key.algorithm() == SigningAlgorithm::ecdsa ? "ec" : "rsa";
}

struct Reader {
  std::string_view type;
  const FieldTexts& fields;
  size_t line;
  const fs::path& folder;
  const std::function<void(size_t, const std::string&)>& raise;

  const FieldText* find(std::string_view name) const {
    const auto at = fields.find(name);
    return at == fields.end() ? nullptr : &at->second;
  }

  void only(std::initializer_list<std::string_view> known) const {
    for (const auto& [name, field] : fields) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      raise(field.line, "a key of type " + std::string(type) + " has no field " + name);
    }
  }

  static std::string_view text(const FieldText& field) { return text_view(SecretBytes::view(field.text)); }
  static bool is_file(const FieldText& field) { return text(field).find_first_of("./") != std::string_view::npos; }

  Secret hex(std::string_view name, const FieldText& field) const {
    std::optional<Secret> bytes = secret_from_hex(text(field));
    if (!bytes) raise(field.line, std::string(name) + " is neither hexadecimal nor a file with a '.' in its name");
    return std::move(*bytes);
  }

  Bytes public_hex(std::string_view name, const FieldText& field) const {
    return to_bytes(SecretBytes::view(hex(name, field)));
  }

  template <class Make>
  std::shared_ptr<const SigningKey> made(std::string_view name, const FieldText& field, const Make& make) const {
    try {
      return make();
    } catch (const Error& error) {
      raise(field.line, std::string(name) + ": " + error.message());
    }
    return nullptr;
  }

  std::shared_ptr<const SigningKey> from_file(std::string_view name, const FieldText& field, bool is_private) const {
    return made(name, field, [&] {
      const fs::path path = folder / fs::path(text(field));
      const Secret pem = is_private ? read_secret_file(path) : Secret::take(read_file(path, 1u << 20));
      try {
        auto key = make_signing_key(pem);
        if (key->can_sign() != is_private) {
          throw Error(ErrorKind::usage, is_private ? "it holds a public key" : "it holds a private key");
        }
        if (type_of(*key) != type) throw Error(ErrorKind::usage, "it holds a key of another type");
        return key;
      } catch (const Error& error) {
        throw Error(ErrorKind::usage, path.string() + ": " + error.message());
      }
    });
  }

  const FieldText& required(std::string_view name) const {
    const FieldText* field = find(name);
    if (field == nullptr) raise(line, "a key of type " + std::string(type) + " needs the field " + std::string(name));
    return *field;
  }

  std::shared_ptr<const SigningKey> shared(KeyType kind) const {
    only({"key"});
    const FieldText& field = required("key");
    return made("key", field, [&] { return make_signing_key(kind, hex("key", field)); });
  }

  std::shared_ptr<const SigningKey> rsa() const {
    const FieldText* secret = find("private");
    const FieldText* half = find("public");
    if (secret != nullptr && is_file(*secret)) {
      only({"private"});
      return from_file("private", *secret, true);
    }
    if (half != nullptr) {
      only({"public"});
      if (!is_file(*half)) raise(half->line, "public of an RSA key is a PEM file; or give modulus and exponent");
      return from_file("public", *half, false);
    }
    only({"modulus", "exponent", "private"});
    if (find("modulus") == nullptr) raise(line, "an RSA key needs private or public, or modulus and exponent");
    const FieldText& modulus = required("modulus");
    const RsaPublicKey numbers{public_hex("modulus", modulus), public_hex("exponent", required("exponent"))};
    return made("modulus", modulus, [&] {
      if (secret == nullptr) return make_signing_key(numbers);
      return make_signing_key(RsaPrivateKey{numbers, hex("private", *secret)});
    });
  }

  std::shared_ptr<const SigningKey> ec() const {
    const FieldText* secret = find("private");
    if (secret == nullptr && find("public") == nullptr) raise(line, "an ECC key needs private or public");
    const std::string_view name = secret != nullptr ? "private" : "public";
    const FieldText& field = required(name);
    if (is_file(field)) {
      only({name});
      return from_file(name, field, secret != nullptr);
    }
    only({name, "curve"});
    const Curve curve = curve_named(required("curve"));
    return made(name, field, [&] {
      if (secret != nullptr) return make_signing_key(curve, hex(name, field));
      return make_signing_key(curve, public_hex(name, field));
    });
  }

  /// In PEM alone.
  std::shared_ptr<const SigningKey> sm2() const {
    const FieldText* secret = find("private");
    const std::string_view name = secret != nullptr ? "private" : "public";
    only({name});
    return from_file(name, required(name), secret != nullptr);
  }

  Curve curve_named(const FieldText& field) const {
    if (text(field) == "p256") return Curve::p256;
    if (text(field) == "p384") return Curve::p384;
    if (text(field) != "p521") raise(field.line, "curve is none of: p256 p384 p521");
    return Curve::p521;
  }
};

}  // namespace

bool is_signing_field(std::string_view field) {
  return std::find(kFields.begin(), kFields.end(), field) != kFields.end();
}

std::shared_ptr<const SigningKey> signing_key_of(std::string_view type, const FieldTexts& fields, size_t line,
                                                 const fs::path& folder,
                                                 const std::function<void(size_t, const std::string&)>& raise) {
  const Reader reader{type, fields, line, folder, raise};
  if (type == "rsa") return reader.rsa();
  if (type == "ec") return reader.ec();
  if (type == "sm2") return reader.sm2();
  return reader.shared(type == "aes" ? KeyType::aes : KeyType::des);
}

}  // namespace cw::crypto
