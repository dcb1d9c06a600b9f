#include <ctime>

#include <openssl/core_names.h>
#include <openssl/x509v3.h>

#include "crypto/signature.h"
#include "pkey_signature_private.h"
#include "x509_private.h"

namespace cw::crypto {

namespace {

constexpr int kRsaBits = 2048;

bool is_one(EVP_PKEY* key, const char* what) { return EVP_PKEY_is_a(key, what) == 1; }

/// RFC 5480 2.1.1: in certificates a curve is named. One that is spelt out may be a forged one with the right points.
bool names_its_curve(EVP_PKEY* key) {
  int spelt_out = 1;
  return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelt_out) == 1 &&
         spelt_out == 0;
}

}  // namespace

std::string text_of(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) raise_openssl("reading a name");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

int64_t seconds_of(const ASN1_TIME* time) {
  struct tm parts {};
  const bool read = time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1;
  ERR_clear_error();
  return read ? static_cast<int64_t>(::timegm(&parts)) : 0;
}

Bytes number_of(const ASN1_INTEGER* number) {
  if (ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER) return {};
  const std::unique_ptr<BIGNUM, Freed<BN_free>> value(ASN1_INTEGER_to_BN(number, nullptr));
  if (!value) raise_openssl("reading a number");
  Bytes out(static_cast<size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), out.data());
  return out;
}

CertificatePtr certificate_of(ByteView der) {
  const uint8_t* at = der.data();
  CertificatePtr out(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!out || at != der.data() + der.size()) throw Error(ErrorKind::usage, "these bytes are no certificate");
  return out;
}

std::string text_of(EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  if (is_one(key, "RSA") || is_one(key, "RSA-PSS")) return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
  if (is_one(key, "ED25519")) return "Ed25519";
  if (is_one(key, "EC")) {
    const std::optional<Curve> curve = curve_of(key);
    if (curve && !names_its_curve(key)) return "EC whose curve is spelt out and not named";
    return !curve ? "EC" : *curve == Curve::p256 ? "EC P-256" : *curve == Curve::p384 ? "EC P-384" : "EC P-521";
  }
  const char* name = EVP_PKEY_get0_type_name(key);
  return name == nullptr ? "unknown" : name;
}

void check_key(EVP_PKEY* key, const std::string& whose) {
  const bool fit = key != nullptr && (is_one(key, "ED25519") ||
                                      (is_one(key, "EC") && curve_of(key).has_value() && names_its_curve(key)) ||
                                      (is_one(key, "RSA") && EVP_PKEY_get_bits(key) >= kRsaBits));
  ERR_clear_error();
  if (fit) return;
  throw Error(ErrorKind::usage, whose + " has a key of type " + text_of(key) +
                                    "; certificates are made for RSA from 2048 bits on, ECC on P-256, P-384 and P-521, "
                                    "and Ed25519");
}

}  // namespace cw::crypto
