#include "crypto/certificate_issue.h"

#include <algorithm>
#include <array>

#include <openssl/core_names.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "base/utc_text.h"
#include "crypto/digest.h"
#include "der_private.h"
#include "signed_value_private.h"
#include "subject_private.h"

namespace cw::crypto {

namespace {

constexpr std::array<std::pair<CertificateProfile, std::string_view>, 5> kProfiles = {
    {{CertificateProfile::authority, "ca"},
     {CertificateProfile::server, "server"},
     {CertificateProfile::client, "client"},
     {CertificateProfile::domain, "domain"},
     {CertificateProfile::ocsp, "ocsp"}}};

// KeyUsage (RFC 5280 4.2.1.3), bit 0 first.
constexpr uint32_t kDigitalSignature = 1u << 0, kKeyEncipherment = 1u << 2, kKeyAgreement = 1u << 4,
                   kCertSign = 1u << 5, kCrlSign = 1u << 6;

PkeyPtr parsed(ByteView public_key) {
  const uint8_t* at = public_key.data();
  PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())));
  ERR_clear_error();
  if (!key || at != public_key.data() + public_key.size()) {
    throw Error(ErrorKind::usage, "these bytes are no public key");
  }
  return key;
}

uint32_t key_usage(CertificateProfile profile, EVP_PKEY* key) {
  const bool rsa = EVP_PKEY_is_a(key, "RSA") == 1;
  switch (profile) {
    case CertificateProfile::authority:
      return kDigitalSignature | kCertSign | kCrlSign;
    case CertificateProfile::server:
      return kDigitalSignature | (rsa ? kKeyEncipherment : 0);
    case CertificateProfile::domain:
      return EVP_PKEY_is_a(key, "EC") == 1 ? kKeyAgreement : kDigitalSignature;
    case CertificateProfile::client:
    case CertificateProfile::ocsp:
      break;
  }
  return kDigitalSignature;
}

Bytes purposes(CertificateProfile profile) {
  switch (profile) {
    case CertificateProfile::server:
      return der::sequence({der::oid(NID_server_auth)});
    case CertificateProfile::client:
      return der::sequence({der::oid(NID_client_auth)});
    case CertificateProfile::ocsp:
      return der::sequence({der::oid(NID_OCSP_sign)});
    case CertificateProfile::authority:
    case CertificateProfile::domain:
      break;
  }
  return {};
}

/// A GeneralName with a URL in it.
Bytes url_name(const std::string& url) {
  check_state_url(url);
  return der::value(0x86, {view(url)});
}

/// `issuer_id`: AuthorityKeyIdentifier; empty: self-signed.
Bytes extensions(const CertificatePlan& plan, EVP_PKEY* key, ByteView issuer_id) {
  const bool authority = plan.profile == CertificateProfile::authority;
  const Bytes yes = der::value(der::kBoolean, {Bytes{0xFF}}), zero = der::integer(uint64_t{0});
  // pathLenConstraint 0: what it issues are no authorities.
  Bytes all = extension(NID_basic_constraints, true, authority ? der::sequence({yes, zero}) : der::sequence({}));
  append(all, extension(NID_key_usage, true, der::named_bits(key_usage(plan.profile, key))));
  if (const Bytes extended = purposes(plan.profile); !extended.empty()) {
    append(all, extension(NID_ext_key_usage, plan.profile == CertificateProfile::ocsp, extended));
  }
  append(all, extension(NID_subject_key_identifier, false, der::octet_string({key_identifier(plan.public_key)})));
  if (!issuer_id.empty()) append(all, extension(NID_authority_key_identifier, false, issuer_id));
  if (!plan.names.empty()) append(all, extension(NID_subject_alt_name, false, alternative_names(plan.names)));
  if (!plan.crl_url.empty()) {
    const Bytes point = der::sequence({der::tagged(0, {der::tagged(0, {url_name(plan.crl_url)})})});
    append(all, extension(NID_crl_distribution_points, false, der::sequence({point})));
  }
  if (!plan.ocsp_url.empty()) {
    const Bytes access = der::sequence({der::oid(NID_ad_OCSP), url_name(plan.ocsp_url)});
    append(all, extension(NID_info_access, false, der::sequence({access})));
  }
  // A responder's own certificate is not asked about (RFC 6960 4.2.2.2.1).
  if (plan.profile == CertificateProfile::ocsp) {
    append(all, extension(NID_id_pkix_OCSP_noCheck, false, der::value(der::kNull, {})));
  }
  return der::tagged(3, {der::sequence({all})});
}

Bytes tbs_certificate(const SigningKey& key, const CertificatePlan& plan, ByteView issuer, ByteView issuer_id) {
  if (plan.not_after <= plan.not_before) {
    throw Error(ErrorKind::usage, "a certificate that ends at " + utc_text(1000 * plan.not_after) +
                                      ", before it begins at " + utc_text(1000 * plan.not_before));
  }
  if (plan.profile == CertificateProfile::server && plan.names.empty()) {
    throw Error(ErrorKind::usage,
                "a server's certificate needs the names it is reached by (DNS:, IP:): clients look at nothing else");
  }
  // Without an extended key usage whoever does not insist on one would take a name for that of a server.
  if (plan.profile == CertificateProfile::domain && !plan.names.empty()) {
    throw Error(
        ErrorKind::usage,
        "the certificate of a key in a security domain has no alternative names, as it is none of a server or a "
        "client: leave out --name, and make a request without subjectAltName");
  }
  const PkeyPtr subject_key = parsed(plan.public_key);
  check_key(subject_key.get(), "this certificate");
  const Bytes version = der::tagged(0, {der::integer(uint64_t{2})});  // v3
  const Bytes subject = der_of(subject_of(plan.subject).get(), i2d_X509_NAME);
  return der::sequence({version, der::integer(plan.serial), signature_algorithm(key),
                        issuer.empty() ? ByteView(subject) : issuer,
                        der::sequence({der::time(plan.not_before), der::time(plan.not_after)}), subject,
                        plan.public_key, extensions(plan, subject_key.get(), issuer_id)});
}

/// What was made is read again, by OpenSSL, and checked with the public half alone: a token that signs wrongly, or by
/// another key, is noticed before anybody is given it.
Bytes checked(Bytes certificate, EVP_PKEY* issuer) {
  const bool right = X509_verify(certificate_of(certificate).get(), issuer) == 1;
  ERR_clear_error();
  if (right) return certificate;
  throw Error(
      ErrorKind::store,
      "the certificate that was made does not verify with the authority's public key, so the key that signed is "
      "another one; nothing was issued. Look at what custody has under this name");
}

}  // namespace

std::string_view name_of(CertificateProfile profile) {
  for (const auto& [one, name] : kProfiles) {
    if (one == profile) return name;
  }
  throw Error(ErrorKind::internal, "unknown profile of a certificate");
}

CertificateProfile certificate_profile(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [one, text] : kProfiles) {
    if (text == name) return one;
    known.emplace_back(text);
  }
  throw Error(ErrorKind::usage, "there is no profile '" + std::string(name.substr(0, 40)) + "'" +
                                    did_you_mean(std::string(name), known) +
                                    "; there are ca, server, client, domain, ocsp");
}

std::string key_hash(ByteView public_key) {
  const PkeyPtr key = parsed(public_key);
  if (EVP_PKEY_is_a(key.get(), "EC") == 1) {
    check(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed"),
          "reading a public key");
  }
  return to_hex(digest(Hash::sha256, der_of(key.get(), i2d_PUBKEY)));
}

void check_state_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const bool visible = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  const bool has_host = url.starts_with(kScheme) && url.size() > kScheme.size() && url[kScheme.size()] != '/' &&
                        url[kScheme.size()] != ':';
  if (has_host && visible && url.size() <= 1024 && url.find_first_of("\"<>") == std::string::npos) return;
  throw Error(ErrorKind::usage, "'" + url.substr(0, 80) +
                                    "' is no place for a revocation list or a responder: write http://host:port/...; "
                                    "what is there is signed itself, and https would need a certificate to be checked");
}

Bytes random_serial() {
  Bytes out = random_bytes(16);
  out.front() = static_cast<uint8_t>((out.front() & 0x3F) | 0x40);
  return out;
}

void check_authority(const Authority& authority, int64_t now) {
  const CertificateFacts facts = read_certificate(authority.certificate);
  const std::string who = "the authority " + facts.subject;
  if (!facts.is_authority)
    throw Error(ErrorKind::usage, who + " is none: its certificate does not let it issue others");
  if (public_key_info(*authority.key) != facts.public_key) {
    throw Error(ErrorKind::usage,
                who + " has another key than the one that was named, so nothing it signs would verify");
  }
  signature_algorithm(*authority.key);
  if (now < facts.not_before || now > facts.not_after) {
    throw Error(
        ErrorKind::usage,
        who + (now > facts.not_after ? " ended at " + utc_text(1000 * facts.not_after) + "; make a new one with ca init"
                                     : " begins at " + utc_text(1000 * facts.not_before) + " only"));
  }
}

Bytes issue_certificate(const Authority& authority, const CertificatePlan& plan) {
  check_authority(authority, plan.not_before);
  const CertificatePtr issuer = certificate_of(authority.certificate);
  if (plan.profile == CertificateProfile::authority) {
    throw Error(ErrorKind::usage, "an authority here issues no other authorities (pathLenConstraint 0)");
  }
  if (const int64_t end = seconds_of(X509_get0_notAfter(issuer.get())); plan.not_after > end) {
    throw Error(ErrorKind::usage, "a certificate up to " + utc_text(1000 * plan.not_after) +
                                      " would outlive its authority, which "
                                      "ends at " +
                                      utc_text(1000 * end) + "; choose an earlier day, or make a new authority");
  }
  const Bytes name = der_of(X509_get_subject_name(issuer.get()), i2d_X509_NAME);
  const Bytes tbs = tbs_certificate(*authority.key, plan, name, authority_key_identifier(issuer.get()));
  return checked(signed_value(tbs, *authority.key), X509_get0_pubkey(issuer.get()));
}

Bytes self_signed(const SigningKey& key, const CertificatePlan& plan) {
  if (plan.profile != CertificateProfile::authority || plan.public_key != public_key_info(key)) {
    throw Error(ErrorKind::internal, "a root certifies its own key as that of an authority");
  }
  return checked(signed_value(tbs_certificate(key, plan, {}, {}), key), parsed(plan.public_key).get());
}

bool is_issued_by(ByteView certificate, ByteView issuer) {
  const CertificatePtr one = certificate_of(certificate), by = certificate_of(issuer);
  const bool right = X509_NAME_cmp(X509_get_issuer_name(one.get()), X509_get_subject_name(by.get())) == 0 &&
                     X509_verify(one.get(), X509_get0_pubkey(by.get())) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace cw::crypto
