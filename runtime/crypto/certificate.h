// Certificates of X.509 as values: what one says, its text, and requests for one (PKCS#10, RFC 2986).
//
// Plain functions; safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/signing_key.h"

namespace cw::crypto {

/// What a certificate says.
struct CertificateFacts {
  std::string subject{};  // RFC 2253: CN=device 7,O=Acme
  std::string issuer{};
  std::string serial{};              // hex digits
  int64_t not_before = 0;            // seconds since 1970
  int64_t not_after = 0;             // the last second of it
  std::vector<std::string> names{};  // subject alternative names: "DNS:a.example", "IP:192.0.2.1", "URI:..."
  std::string key{};                 // "EC P-256"
  Bytes public_key{};                // SubjectPublicKeyInfo, DER
  std::string sha256{};              // of the certificate, 64 hex digits
  bool is_authority = false;
};

/// Raises usage: `der` is no certificate.
CertificateFacts read_certificate(ByteView der);

/// PEM of what is DER.
std::string certificate_pem(ByteView der);
/// The first certificate of PEM, or DER as it is. Raises usage: neither.
Bytes certificate_der(ByteView text);

/// What a request asks for. Extensions other than names are not read: what a certificate is for, its issuer says.
struct CertificateRequest {
  std::string subject{};
  std::vector<std::string> names{};  // as CertificateFacts has them
  bool has_other_names = false;      // it asks for more, of a form that is not issued here: e-mail, registeredID, ...
  Bytes public_key{};                // SubjectPublicKeyInfo, DER
};

/// PEM or DER, at most 64 KiB. Raises usage: no request, a key that no certificate is made for, a signature that is
/// not by that key (so whoever asks does not hold it).
CertificateRequest read_certificate_request(ByteView text);

/// SubjectPublicKeyInfo of a key in custody, RSA or ECC. Raises usage: AES and DES have no public half.
Bytes public_half(const SigningKey& key);
/// The same for a certificate. Raises usage also: RSA under 2048.
Bytes public_key_info(const SigningKey& key);
/// Of what PUT KEY and GET DATA write: the point 04 | X | Y. Raises usage: no point of the curve.
Bytes public_key_info(Curve curve, ByteView point);

/// SubjectPublicKeyInfo in PEM or DER. Raises usage: it is none, a key that no certificate is made for.
Bytes public_key_of_text(ByteView text);

/// "CN=acme,O=Acme" as RFC 2253 has it, in the form that certificates of it show. Raises usage: no such name, or empty.
std::string subject_text(std::string_view text);

}  // namespace cw::crypto
