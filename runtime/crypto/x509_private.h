// What this folder reads of X.509 by OpenSSL. Private to it.
#pragma once

#include <string>

#include <openssl/x509.h>

#include "base/bytes.h"
#include "pem_private.h"

namespace cw::crypto {

/// As RFC 2253 writes it: CN=device 7,O=Acme. Empty: a name without parts.
std::string text_of(const X509_NAME* name);
/// Seconds since 1970; 0: a time that is none.
int64_t seconds_of(const ASN1_TIME* time);
/// The number's bytes without leading zeros; none of one that is not positive, which nothing here has.
Bytes number_of(const ASN1_INTEGER* number);
/// What OpenSSL writes of it: `write` is an i2d function.
template <class Thing, class Write>
Bytes der_of(const Thing* thing, Write write) {
  const int size = write(thing, nullptr);
  if (size <= 0) raise_openssl("writing DER");
  Bytes out(static_cast<size_t>(size));
  uint8_t* at = out.data();
  if (write(thing, &at) != size) raise_openssl("writing DER");
  return out;
}

/// A certificate, the whole of `der`. Raises usage: it is none.
CertificatePtr certificate_of(ByteView der);

/// "EC P-256", "RSA 3072", for people.
std::string text_of(EVP_PKEY* key);
/// Raises usage: a key that no certificate is made for here: RSA under 2048 bits, curves that are none of P-256, P-384
/// and P-521, and anything else but Ed25519. `whose`: "the request".
void check_key(EVP_PKEY* key, const std::string& whose);

}  // namespace cw::crypto
