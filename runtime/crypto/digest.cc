#include "crypto/digest.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "openssl_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

DigestPtr fetch_digest(const char* name) {
  DigestPtr digest(EVP_MD_fetch(nullptr, name, nullptr));
  if (!digest) raise_openssl(std::string("fetching ") + name);
  return digest;
}

const EVP_MD* algorithm(Hash hash) {
  static const DigestPtr sha1 = fetch_digest("SHA1");
  static const DigestPtr sha256 = fetch_digest("SHA2-256");
  static const DigestPtr sha384 = fetch_digest("SHA2-384");
  static const DigestPtr sha512 = fetch_digest("SHA2-512");
  switch (hash) {
    case Hash::sha1:
      return sha1.get();
    case Hash::sha256:
      return sha256.get();
    case Hash::sha384:
      return sha384.get();
    case Hash::sha512:
      return sha512.get();
  }
  throw Error(ErrorKind::internal, "unknown hash");
}

void fill_random(std::span<uint8_t> out) {
  if (out.empty()) return;
  check(RAND_bytes(out.data(), static_cast<int>(out.size())), "asking the system for random bytes");
}

}  // namespace

Bytes digest(Hash hash, ByteView data) {
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  check(EVP_Digest(data.data(), data.size(), out.data(), &size, algorithm(hash), nullptr), "hashing");
  out.resize(size);
  return out;
}

Bytes random_bytes(size_t count) {
  Bytes out(count);
  fill_random(out);
  return out;
}

Secret random_secret(size_t count) {
  Secret out = SecretBytes::zeros(count);
  fill_random(SecretBytes::writable(out));
  return out;
}

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool matches(const Secret& secret, ByteView expected) {
  return constant_time_equal(SecretBytes::view(secret), expected);
}

bool occurs_in(const Secret& secret, ByteView text) {
  const ByteView wanted = SecretBytes::view(secret);
  return !wanted.empty() && std::search(text.begin(), text.end(), wanted.begin(), wanted.end()) != text.end();
}

bool same(const Secret& a, const Secret& b) { return matches(a, SecretBytes::view(b)); }

Secret prefix(const Secret& secret, size_t count) {
  if (count > secret.size()) throw Error(ErrorKind::internal, "a secret is shorter than the part wanted of it");
  return Secret::copy(SecretBytes::view(secret).first(count));
}

Secret padded(const Secret& secret, size_t block, int pad) {
  const ByteView bytes = SecretBytes::view(secret);
  const size_t used = bytes.size() + (pad >= 0 ? 1 : 0);
  Secret out = SecretBytes::zeros((used + block - 1) / block * block);
  const auto to = SecretBytes::writable(out);
  std::copy(bytes.begin(), bytes.end(), to.begin());
  if (pad >= 0) to[bytes.size()] = static_cast<uint8_t>(pad);
  return out;
}

Secret join(const std::vector<SecretPiece>& parts) {
  const auto bytes_of = [](const SecretPiece& piece) {
    return piece.secret != nullptr ? SecretBytes::view(*piece.secret) : piece.bytes;
  };
  size_t size = 0;
  for (const SecretPiece& piece : parts) size += bytes_of(piece).size();
  Secret out = SecretBytes::zeros(size);
  auto to = SecretBytes::writable(out).begin();
  for (const SecretPiece& piece : parts) to = std::copy(bytes_of(piece).begin(), bytes_of(piece).end(), to);
  return out;
}

}  // namespace cw::crypto
