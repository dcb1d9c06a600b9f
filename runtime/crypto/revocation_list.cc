#include "crypto/revocation_list.h"

#include <array>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "der_private.h"
#include "signed_value_private.h"

namespace cw::crypto {

namespace {

using ListPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;

constexpr std::array<std::pair<RevocationReason, std::string_view>, 7> kReasons = {
    {{RevocationReason::unspecified, "unspecified"},
     {RevocationReason::key_compromise, "keyCompromise"},
     {RevocationReason::ca_compromise, "cACompromise"},
     {RevocationReason::affiliation_changed, "affiliationChanged"},
     {RevocationReason::superseded, "superseded"},
     {RevocationReason::cessation_of_operation, "cessationOfOperation"},
     {RevocationReason::privilege_withdrawn, "privilegeWithdrawn"}}};

ListPtr list_of(ByteView bytes) {
  const uint8_t* at = bytes.data();
  ListPtr out(d2i_X509_CRL(nullptr, &at, static_cast<long>(bytes.size())));
  ERR_clear_error();
  if (!out || at != bytes.data() + bytes.size()) throw Error(ErrorKind::usage, "these bytes are no revocation list");
  return out;
}

/// RFC 5280 5.1.2.6; unspecified is not written (5.3.1).
Bytes entry(const RevokedCertificate& one) {
  Bytes reason;
  if (one.reason != RevocationReason::unspecified) {
    const Bytes code = der::value(der::kEnumerated, {Bytes{static_cast<uint8_t>(one.reason)}});
    reason = der::sequence({extension(NID_crl_reason, false, code)});
  }
  return der::sequence({der::integer(one.serial), der::time(one.time), reason});
}

}  // namespace

std::string_view name_of(RevocationReason reason) {
  for (const auto& [one, name] : kReasons) {
    if (one == reason) return name;
  }
  throw Error(ErrorKind::internal, "unknown reason of a revocation");
}

RevocationReason revocation_reason(std::string_view name) {
  std::vector<std::string> known;
  std::string all;
  for (const auto& [one, text] : kReasons) {
    if (text == name) return one;
    known.emplace_back(text);
    all += (all.empty() ? "" : ", ") + std::string(text);
  }
  throw Error(ErrorKind::usage, "there is no reason '" + std::string(name.substr(0, 40)) + "'" +
                                    did_you_mean(std::string(name), known) + "; there are " + all);
}

Bytes sign_revocation_list(const Authority& authority, const RevocationListPlan& plan) {
  check_authority(authority, plan.this_update);
  if (plan.next_update <= plan.this_update) {
    throw Error(ErrorKind::usage, "a revocation list whose next one comes before itself");
  }
  const CertificatePtr issuer = certificate_of(authority.certificate);
  Bytes entries;
  for (const RevokedCertificate& one : plan.revoked) append(entries, entry(one));
  // An empty list of entries is left out (5.1.2.6).
  const Bytes revoked = entries.empty() ? Bytes() : der::sequence({entries});
  const Bytes extensions = der::tagged(
      0, {der::sequence({extension(NID_authority_key_identifier, false, authority_key_identifier(issuer.get())),
                         extension(NID_crl_number, false, der::integer(plan.number))})});
  const Bytes tbs = der::sequence({der::integer(uint64_t{1}), signature_algorithm(*authority.key),
                                   der_of(X509_get_subject_name(issuer.get()), i2d_X509_NAME),
                                   der::time(plan.this_update), der::time(plan.next_update), revoked, extensions});
  Bytes out = signed_value(tbs, *authority.key);
  const bool right = X509_CRL_verify(list_of(out).get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  if (right) return out;
  throw Error(ErrorKind::store, "the revocation list that was made does not verify with the authority's public key");
}

RevocationListFacts read_revocation_list(ByteView bytes) {
  const ListPtr list = list_of(bytes);
  RevocationListFacts out;
  out.issuer = text_of(X509_CRL_get_issuer(list.get()));
  out.this_update = seconds_of(X509_CRL_get0_lastUpdate(list.get()));
  out.next_update = seconds_of(X509_CRL_get0_nextUpdate(list.get()));
  const std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>> number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list.get(), NID_crl_number, nullptr, nullptr)));
  if (number) out.number = to_hex(number_of(number.get()));
  const STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(list.get());
  out.revoked = revoked == nullptr ? 0 : static_cast<size_t>(sk_X509_REVOKED_num(revoked));
  ERR_clear_error();
  return out;
}

std::string revocation_list_pem(ByteView bytes) {
  const ListPtr list = list_of(bytes);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio) raise_openssl("writing a revocation list");
  check(PEM_write_bio_X509_CRL(bio.get(), list.get()), "writing a revocation list");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace cw::crypto
