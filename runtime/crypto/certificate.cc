#include "crypto/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "der_private.h"
#include "pkey_signature_private.h"
#include "subject_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kRequestLimit = 64u << 10;

using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;

struct FreedExtensions {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const { sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free); }
};

bool is_pem(ByteView text) { return text_view(text).find("-----BEGIN ") != std::string_view::npos; }

RequestPtr request_of(ByteView text) {
  ERR_clear_error();
  RequestPtr out;
  if (is_pem(text)) {
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    const auto no_phrase = [](char*, int, int, void*) { return 0; };
    out.reset(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, no_phrase, nullptr) : nullptr);
  } else {
    const uint8_t* at = text.data();
    out.reset(d2i_X509_REQ(nullptr, &at, static_cast<long>(text.size())));
    if (at != text.data() + text.size()) out.reset();
  }
  ERR_clear_error();
  return out;
}

/// A larger one only costs time.
void check_effort(EVP_PKEY* key) {
  if (EVP_PKEY_get_bits(key) <= 16384) return;
  throw Error(ErrorKind::usage, "the request has a key of " + std::to_string(EVP_PKEY_get_bits(key)) +
                                    " bits; certificates are made for up to 16384");
}

/// `algorithm` and the key's bits (RFC 5280 4.1.2.7).
Bytes key_info(ByteView algorithm, ByteView bits) { return der::sequence({algorithm, der::bit_string(bits)}); }

}  // namespace

CertificateFacts read_certificate(ByteView bytes) {
  const CertificatePtr certificate = certificate_of(bytes);
  CertificateFacts out;
  out.subject = text_of(X509_get_subject_name(certificate.get()));
  out.issuer = text_of(X509_get_issuer_name(certificate.get()));
  out.serial = to_hex(number_of(X509_get0_serialNumber(certificate.get())));
  out.not_before = seconds_of(X509_get0_notBefore(certificate.get()));
  out.not_after = seconds_of(X509_get0_notAfter(certificate.get()));
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  out.names = texts_of(names.get());
  out.key = text_of(X509_get0_pubkey(certificate.get()));
  out.public_key = der_of(X509_get_X509_PUBKEY(certificate.get()), i2d_X509_PUBKEY);
  out.sha256 = to_hex(digest(Hash::sha256, bytes));
  out.is_authority = X509_check_ca(certificate.get()) == 1;
  ERR_clear_error();
  return out;
}

std::string certificate_pem(ByteView bytes) {
  std::vector<CertificatePtr> one;
  one.push_back(certificate_of(bytes));
  return pem_of(one);
}

Bytes certificate_der(ByteView text) {
  if (!is_pem(text)) return der_of(certificate_of(text).get(), i2d_X509);
  return der_of(certificates_of(text_view(text), 64).front().get(), i2d_X509);
}

CertificateRequest read_certificate_request(ByteView text) {
  if (text.size() > kRequestLimit) {
    throw Error(ErrorKind::usage, "the request has " + std::to_string(text.size()) + " bytes; up to 65536 are read");
  }
  const RequestPtr request = request_of(text);
  if (!request) {
    throw Error(ErrorKind::usage,
                "this is no certificate request; openssl req -new makes one, in PEM or DER (PKCS#10)");
  }
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  ERR_clear_error();
  check_key(key, "the request");
  check_effort(key);
  const bool right = X509_REQ_verify(request.get(), key) == 1;
  ERR_clear_error();
  if (!right) {
    throw Error(ErrorKind::usage,
                "the request's signature is not by the key in it: it was changed, or whoever asks does not hold that "
                "key; make it again");
  }
  CertificateRequest out;
  out.subject = text_of(X509_REQ_get_subject_name(request.get()));
  out.public_key = der_of(X509_REQ_get_X509_PUBKEY(request.get()), i2d_X509_PUBKEY);
  const std::unique_ptr<STACK_OF(X509_EXTENSION), FreedExtensions> extensions(X509_REQ_get_extensions(request.get()));
  int found = -1;
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, &found, nullptr)));
  ERR_clear_error();
  out.names = texts_of(names.get());
  out.has_other_names = has_other_names(names.get()) || (!names && found != -1);
  return out;
}

Bytes public_key_of_text(ByteView text) {
  PkeyPtr key;
  if (is_pem(text)) {
    key = public_key_of(Secret::take(to_bytes(text)));
  } else {
    const uint8_t* at = text.data();
    key.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(text.size())));
    if (at != text.data() + text.size()) key.reset();
  }
  ERR_clear_error();
  if (!key) throw Error(ErrorKind::usage, "this is no public key in PEM or DER (SubjectPublicKeyInfo)");
  check_key(key.get(), "it");
  check_effort(key.get());
  return der_of(key.get(), i2d_PUBKEY);
}

Bytes public_key_info(Curve curve, ByteView point) {
  import_ec_public(curve, point);  // raises if it is no point
  const int nid = curve == Curve::p256 ? NID_X9_62_prime256v1 : curve == Curve::p384 ? NID_secp384r1 : NID_secp521r1;
  return key_info(der::sequence({der::oid(NID_X9_62_id_ecPublicKey), der::oid(nid)}), point);
}

Bytes public_half(const SigningKey& key) {
  Bytes modulus, exponent, point, curve;
  for (const PublicPart& part : key.public_parts()) {
    if (part.type == 0xA1) modulus = part.value;
    if (part.type == 0xA0) exponent = part.value;
    if (part.type == 0xB0) point = part.value;
    if (part.type == 0xF0) curve = part.value;
  }
  if (!point.empty() && !curve.empty()) return public_key_info(static_cast<Curve>(curve.front()), point);
  if (modulus.empty()) {
    throw Error(ErrorKind::usage, "a key for " + std::string(to_text(key.algorithm())) +
                                      " has no public half, so there is nothing to certify; name an RSA or ECC key");
  }
  const Bytes null = der::value(der::kNull, {});
  return key_info(der::sequence({der::oid(NID_rsaEncryption), null}),
                  der::sequence({der::integer(modulus), der::integer(exponent)}));
}

Bytes public_key_info(const SigningKey& key) {
  Bytes out = public_half(key);
  const bool rsa = !key.public_parts().empty() && key.algorithm() != SigningAlgorithm::ecdsa;
  if (rsa && (key.algorithm() != SigningAlgorithm::rsa_pss_sha256 || key.signature_size() < 256)) {
    throw Error(ErrorKind::usage, "an RSA key of " + std::to_string(key.signature_size() * 8) +
                                      " bits; certificates are made for 2048 bits and more");
  }
  return out;
}

}  // namespace cw::crypto
