#include "crypto/shared_key.h"

#include <algorithm>
#include <optional>

#include <openssl/ssl.h>

#include "base/error.h"
#include "base/files.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kLeastKey = 16;
constexpr size_t kMostKey = 64;
constexpr size_t kMostIdentity = 128;

// With TLS 1.3 a server could prove itself by a certificate instead, which nobody looks at here.
constexpr const char* kCiphers =
    "ECDHE-PSK-CHACHA20-POLY1305:ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:"
    "PSK-AES128-CBC-SHA256";

int digit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = c | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::optional<Secret> from_digits(ByteView text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text = text.first(text.size() - 1);
  if (text.size() % 2 != 0 || text.size() < 2 * kLeastKey || text.size() > 2 * kMostKey) return {};
  Secret out = SecretBytes::zeros(text.size() / 2);
  const auto to = SecretBytes::writable(out);
  for (size_t i = 0; i < to.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    to[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return out;
}

/// OpenSSL calls this with room for an identity that ends with 0, and for a key; 0 ends the handshake.
unsigned give_shared_key(SSL* connection, const char*, char* identity, unsigned identity_room, unsigned char* room,
                         unsigned size) {
  const auto* key = static_cast<const SharedKey*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
  if (!key || key->identity.size() >= identity_room || key->key.size() > size) return 0;
  identity[key->identity.copy(identity, key->identity.size())] = '\0';
  const ByteView bytes = SecretBytes::view(key->key);
  std::copy(bytes.begin(), bytes.end(), room);
  return static_cast<unsigned>(bytes.size());
}

}  // namespace

SharedKey read_shared_key(std::string identity, const std::filesystem::path& file) {
  if (identity.empty() || identity.size() > kMostIdentity || identity.find('\0') != std::string::npos) {
    throw Error(ErrorKind::usage,
                "the identity of a shared key must have 1 to " + std::to_string(kMostIdentity) + " characters");
  }
  const Secret text = read_secret_file(file);
  std::optional<Secret> key = from_digits(SecretBytes::view(text));
  if (!key) {
    throw Error(ErrorKind::usage, file.string() +
                                      " is no shared key: it has to hold 32 to 128 hexadecimal digits and "
                                      "nothing else; openssl rand -hex 16 makes such a key");
  }
  return {std::move(identity), std::move(*key)};
}

void offer_shared_key(ssl_ctx_st* context, const SharedKey* key) {
  if (SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(context, kCiphers) != 1) {
    throw Error(ErrorKind::internal, "OpenSSL does not take the settings for a shared key");
  }
  // OpenSSL's own types have this pointer without const; it is only read.
  SSL_CTX_set_app_data(context, const_cast<SharedKey*>(key));
  SSL_CTX_set_psk_client_callback(context, give_shared_key);
}

}  // namespace cw::crypto
