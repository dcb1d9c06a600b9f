#include <openssl/x509v3.h>

#include "base/error.h"
#include "crypto/digest.h"
#include "der_private.h"
#include "signed_value_private.h"

namespace cw::crypto {

namespace {

/// RFC 4055 3.1, as SigningKey has PSS: SHA-256 in both places, a salt of 32 bytes.
Bytes pss_algorithm() {
  const Bytes hash = der::sequence({der::oid(NID_sha256), der::value(der::kNull, {})});
  return der::sequence(
      {der::oid(NID_rsassaPss),
       der::sequence({der::tagged(0, {hash}), der::tagged(1, {der::sequence({der::oid(NID_mgf1), hash})}),
                      der::tagged(2, {der::integer(uint64_t{32})})})});
}

int ecdsa_nid(size_t signature_size) {
  return signature_size == 64   ? NID_ecdsa_with_SHA256
         : signature_size == 96 ? NID_ecdsa_with_SHA384
                                : NID_ecdsa_with_SHA512;
}

}  // namespace

Bytes signature_algorithm(const SigningKey& key) {
  if (!key.can_sign()) {
    throw Error(ErrorKind::usage, "custody has the public half of this key alone, and nothing can be signed with it");
  }
  if (key.algorithm() == SigningAlgorithm::rsa_pss_sha256 && key.signature_size() >= 256) return pss_algorithm();
  if (key.algorithm() == SigningAlgorithm::ecdsa) return der::sequence({der::oid(ecdsa_nid(key.signature_size()))});
  throw Error(ErrorKind::usage, "a key for " + std::string(to_text(key.algorithm())) +
                                    " signs no certificates; name an ECC key, or an RSA key of 2048 bits or more");
}

Bytes signed_value(ByteView tbs, const SigningKey& key, ByteView after) {
  const Bytes algorithm = signature_algorithm(key);
  Bytes signature = key.sign(tbs);
  if (key.algorithm() == SigningAlgorithm::ecdsa) {
    const ByteView both = signature;
    const size_t half = both.size() / 2;
    signature = der::sequence({der::integer(both.first(half)), der::integer(both.subspan(half))});
  }
  return der::sequence({tbs, algorithm, der::bit_string(signature), after});
}

Bytes extension(int nid, bool critical, ByteView content) {
  const Bytes flag = critical ? der::value(der::kBoolean, {Bytes{0xFF}}) : Bytes();
  return der::sequence({der::oid(nid), flag, der::octet_string({content})});
}

Bytes key_identifier(ByteView public_key) {
  const uint8_t* at = public_key.data();
  const std::unique_ptr<X509_PUBKEY, Freed<X509_PUBKEY_free>> parsed(
      d2i_X509_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())));
  const unsigned char* bits = nullptr;
  int size = 0;
  if (!parsed || X509_PUBKEY_get0_param(nullptr, &bits, &size, nullptr, parsed.get()) != 1) {
    ERR_clear_error();
    throw Error(ErrorKind::usage, "these bytes are no public key");
  }
  return digest(Hash::sha1, {bits, static_cast<size_t>(size)});
}

Bytes authority_key_identifier(X509* authority) {
  const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(authority);
  ERR_clear_error();
  const Bytes bytes = id != nullptr
                          ? to_bytes(ByteView(ASN1_STRING_get0_data(id), static_cast<size_t>(ASN1_STRING_length(id))))
                          : key_identifier(der_of(X509_get_X509_PUBKEY(authority), i2d_X509_PUBKEY));
  return der::sequence({der::value(0x80, {bytes})});
}

}  // namespace cw::crypto
