// Issuing certificates (RFC 5280) with a key in custody, which may be in a token: its bytes are not needed here.
//
// Plain functions; safe from any thread.
#pragma once

#include <string_view>

#include "crypto/certificate.h"

namespace cw::crypto {

/// What a certificate is for: it decides on its extensions.
enum class CertificateProfile : uint8_t {
  authority,  // issues others; signs revocation lists and answers of OCSP
  server,     // of a TLS server: serverAuth, its names are needed
  client,     // of a TLS client: clientAuth
  domain,     // of a key in a security domain: keyAgreement for ECC (SCP11), digitalSignature for RSA
  ocsp,       // signs answers of OCSP in an authority's name (RFC 6960 4.2.2.2)
};

/// "server".
std::string_view name_of(CertificateProfile profile);
/// Raises usage: no such profile; names those there are.
CertificateProfile certificate_profile(std::string_view name);

struct Authority {
  std::shared_ptr<const SigningKey> key{};
  Bytes certificate{};  // DER
};

struct CertificatePlan {
  CertificateProfile profile = CertificateProfile::client;
  std::string subject{};             // RFC 2253
  std::vector<std::string> names{};  // "DNS:a.example", "IP:192.0.2.1", "URI:..."
  Bytes public_key{};                // SubjectPublicKeyInfo
  Bytes serial{};                    // of random_serial()
  int64_t not_before = 0;            // seconds since 1970
  int64_t not_after = 0;             // the last second of it
  std::string crl_url{};             // where the issuer's revocation list is; empty: it is not said
  std::string ocsp_url{};            // where the issuer's OCSP responder is
};

/// 16 bytes of which 126 bits are random; the same length for all (RFC 5280 4.1.2.2: positive, up to 20).
Bytes random_serial();

/// Raises usage: the key is not that of the authority's certificate, or no certificates are signed with it; the
/// certificate is no authority's, is not valid at `now` (seconds since 1970).
void check_authority(const Authority& authority, int64_t now);

/// SHA-256 of a public key, hex digits: the same however its SubjectPublicKeyInfo is written. Raises usage: it is none.
std::string key_hash(ByteView public_key);

/// Raises usage: no place for a revocation list or a responder, http://host...
void check_state_url(const std::string& url);

/// DER. Raises usage: as check_authority at plan.not_before; a plan that makes no sense, as one that outlives its
/// authority a server without names, or a key in a domain that has names.
Bytes issue_certificate(const Authority& authority, const CertificatePlan& plan);

/// A root: plan.profile is authority, plan.public_key is that of `key`. Raises usage.
Bytes self_signed(const SigningKey& key, const CertificatePlan& plan);

/// Whether `certificate` was signed by `issuer`, both DER: the signature and the names alone. Raises usage.
bool is_issued_by(ByteView certificate, ByteView issuer);

}  // namespace cw::crypto
