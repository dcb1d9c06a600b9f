// Keys and certificates as PEM text. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include <openssl/x509.h>

#include "base/secret.h"
#include "openssl_private.h"

namespace cw::crypto {

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;

/// A private key without a pass phrase; null: it is none.
PkeyPtr private_key_of(const Secret& pem);
/// PKCS#8, without a pass phrase.
Secret private_pem_of(EVP_PKEY* key);
/// A public key (SubjectPublicKeyInfo); null: it is none.
PkeyPtr public_key_of(const Secret& pem);

/// The certificates in it, in their order; what stands between them is skipped. Raises usage: it has none, or more than
/// `limit`, or one of them is none.
std::vector<CertificatePtr> certificates_of(std::string_view pem, size_t limit);

/// As the only text that certificates_of() reads them from with nothing between.
std::string pem_of(const std::vector<CertificatePtr>& certificates);

}  // namespace cw::crypto
