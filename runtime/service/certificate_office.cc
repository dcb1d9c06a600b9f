#include "service/certificate_office.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "store/owners.h"

namespace cw::service {

namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kDay = 24 * 60 * 60 * kSecond;
constexpr int64_t kListDays = 3650;
constexpr int64_t kBackdated = 5 * 60 * kSecond;  // so that a clock that is behind ours takes it, too

/// From when on something is good that is made now.
int64_t beginning(const CertificateOffice& office) { return (office.now - kBackdated) / kSecond; }
/// The same for what an authority signs: not before its own certificate.
int64_t beginning(const CertificateOffice& office, const crypto::Authority& authority) {
  return std::max(beginning(office), crypto::read_certificate(authority.certificate).not_before);
}

/// What came back from crypto/, as the store keeps it.
store::Certificate row_of(const CertificateOffice& office, const CertificateOrder& order, Bytes der) {
  const crypto::CertificateFacts facts = crypto::read_certificate(der);
  store::Certificate out;
  out.serial = facts.serial;
  out.authority = order.authority;
  out.profile = std::string(crypto::name_of(order.profile));
  out.subject = facts.subject;
  out.owner = order.owner;
  out.chip = order.chip;
  out.domain = order.domain;
  out.key_id = order.key_id;
  out.key_version = order.key_version;
  out.not_before = facts.not_before * kSecond;
  out.not_after = facts.not_after * kSecond;
  out.issued = office.now;
  out.issued_by = office.who;
  out.key_hash = crypto::key_hash(facts.public_key);
  out.der = std::move(der);
  return out;
}

crypto::CertificatePlan plan_of(const CertificateOffice& office, const CertificateOrder& order) {
  if (order.expires <= office.now) {
    throw Error(ErrorKind::usage, "a certificate that ends at a moment that is over; choose a later one");
  }
  crypto::CertificatePlan plan;
  plan.profile = order.profile;
  plan.subject = order.subject;
  plan.names = order.names;
  plan.public_key = order.public_key;
  plan.serial = crypto::random_serial();
  plan.not_before = beginning(office);
  plan.not_after = order.expires / kSecond;
  return plan;
}

void check_place(const CertificateOrder& order) {
  if (order.profile != crypto::CertificateProfile::domain) {
    if (order.chip.empty() && order.domain.empty()) return;
    throw Error(ErrorKind::usage, "a card and a domain go with profile domain alone");
  }
  if (order.domain.empty()) {
    throw Error(ErrorKind::usage, "which domain is the key in? Profile domain needs the AID of the security domain");
  }
  Bytes aid;
  try {
    aid = from_hex(order.domain);
  } catch (const Error&) {
  }
  if (aid.size() < 5 || aid.size() > 16)
    throw Error(ErrorKind::usage, "the domain's AID is 5 to 16 bytes in hexadecimal");
  if (order.key_id < 0 || order.key_id > 0x7F || order.key_version < 0 || order.key_version > 0x7F) {
    throw Error(ErrorKind::usage, "key identifier and key version number are 00 to 7F (GPCS 11.1.8, 11.1.9)");
  }
}

store::Certificate issue_instead(const CertificateOffice& office, const CertificateOrder& order,
                                 const std::string& replaces) {
  check_place(order);
  const store::CertificateAuthority known = office.certificates.authority(order.authority);
  const crypto::Authority authority = authority_of(office, order.authority);
  crypto::check_authority(authority, office.now / kSecond);
  crypto::CertificatePlan plan = plan_of(office, order);
  plan.not_before = beginning(office, authority);
  plan.crl_url = known.crl_url;
  plan.ocsp_url = known.ocsp_url;
  store::Certificate out = row_of(office, order, crypto::issue_certificate(authority, plan));
  office.certificates.add(out, office.who, replaces);
  return out;
}

}  // namespace

store::Certificate make_authority(const CertificateOffice& office, const NewAuthority& wanted) {
  if (!store::is_owner_name(wanted.name)) {
    throw Error(ErrorKind::usage, "'" + wanted.name.substr(0, 40) +
                                      "' cannot be an authority's name: it is 1 to 32 of a-z, 0-9, '-' and '_', and "
                                      "begins with a letter");
  }
  for (const std::string& url : {wanted.crl_url, wanted.ocsp_url}) {
    if (!url.empty()) crypto::check_state_url(url);
  }
  const auto key = office.keys.find_signing_key(wanted.key, crypto::SigningUse::certificate);
  CertificateOrder order;
  order.authority = wanted.name;
  order.profile = crypto::CertificateProfile::authority;
  order.subject = wanted.subject;
  order.public_key = crypto::public_key_info(*key);
  order.expires = wanted.expires;
  crypto::CertificatePlan plan = plan_of(office, order);
  store::Certificate out = row_of(office, order, crypto::self_signed(*key, plan));
  store::CertificateAuthority authority;
  authority.name = wanted.name;
  authority.serial = out.serial;
  authority.key = wanted.key;
  authority.crl_url = wanted.crl_url;
  authority.ocsp_url = wanted.ocsp_url;
  office.certificates.add_authority(authority, out, office.who);
  return out;
}

store::Certificate issue(const CertificateOffice& office, const CertificateOrder& order) {
  return issue_instead(office, order, {});
}

store::Certificate renew(const CertificateOffice& office, const Renewal& renewal) {
  const store::Certificate before = office.certificates.find(renewal.serial);
  const crypto::CertificateFacts facts = crypto::read_certificate(before.der);
  CertificateOrder order;
  order.authority = before.authority;
  order.profile = crypto::certificate_profile(before.profile);
  order.subject = before.subject;
  order.names = facts.names;
  order.public_key = renewal.public_key.empty() ? facts.public_key : renewal.public_key;
  order.expires = renewal.expires != 0 ? renewal.expires : office.now + (before.not_after - before.issued);
  order.owner = before.owner;
  order.chip = before.chip;
  order.domain = before.domain;
  order.key_id = before.key_id;
  order.key_version = before.key_version;
  if (order.profile == crypto::CertificateProfile::authority) {
    throw Error(ErrorKind::usage, "certificate " + renewal.serial.substr(0, 64) +
                                      " is an authority's, and those are not renewed: make another one with ca init, "
                                      "of another subject and key, and let both be trusted until all is issued anew");
  }
  store::Certificate out = issue_instead(office, order, renewal.serial);
  if (renewal.revoke) {
    office.certificates.revoke(renewal.serial, std::string(name_of(crypto::RevocationReason::superseded)), office.now,
                               office.who);
  }
  return out;
}

Bytes sign_list(const CertificateOffice& office, const std::string& authority, int64_t days) {
  if (days < 1 || days > kListDays) {
    throw Error(ErrorKind::usage, "the next revocation list comes in 1 to " + std::to_string(kListDays) + " days");
  }
  const crypto::Authority signer = authority_of(office, authority);
  crypto::check_authority(signer, office.now / kSecond);
  const int64_t end = crypto::read_certificate(signer.certificate).not_after;
  const store::Certificates::NextList next = office.certificates.begin_list(authority);
  crypto::RevocationListPlan plan;
  plan.number = static_cast<uint64_t>(next.number);
  plan.this_update = beginning(office, signer);
  plan.next_update = std::min(plan.this_update + days * (kDay / kSecond), end);
  for (const store::Certificate& one : next.revoked) {
    plan.revoked.push_back({from_hex(one.serial), one.revoked / kSecond, crypto::revocation_reason(one.reason)});
  }
  Bytes out = crypto::sign_revocation_list(signer, plan);
  office.certificates.put_list(authority, {next.number, next.revocations, out, office.now, plan.next_update * kSecond},
                               office.who);
  return out;
}

bool is_list_due(const CertificateOffice& office, const std::string& authority) {
  const store::ListStanding list = office.certificates.list_standing(authority);
  if (!list.there || !list.knows_all) return true;
  if (office.now <= list.made + (list.until - list.made) / 2) return false;
  return list.until < office.certificates.find(office.certificates.authority(authority).serial).not_after;
}

crypto::Authority authority_of(const CertificateOffice& office, const std::string& name) {
  const store::CertificateAuthority known = office.certificates.authority(name);
  return {office.keys.find_signing_key(known.key, crypto::SigningUse::certificate),
          office.certificates.find(known.serial).der};
}

crypto::Authority responder_of(const CertificateOffice& office, const std::string& name, const std::string& key) {
  const store::CertificateAuthority known = office.certificates.authority(name);
  crypto::Authority out{office.keys.find_signing_key(key, crypto::SigningUse::certificate), {}};
  const Bytes public_key = crypto::public_key_info(*out.key);
  for (const store::Certificate& one : office.certificates.list({.authority = name,
                                       .profile = std::string(crypto::name_of(crypto::CertificateProfile::ocsp)),
                                       .key_hash = crypto::key_hash(public_key)})) {
    const std::string state = one.state(office.now);
    if (state == "valid" || state == "replaced") out.certificate = one.der;
  }
  if (!out.certificate.empty()) return out;
  out.certificate = office.certificates.find(known.serial).der;
  if (crypto::read_certificate(out.certificate).public_key == public_key) return out;
  throw Error(ErrorKind::usage, "key '" + key + "' is neither that of the authority '" + name +
                                    "' nor has it a valid certificate of profile ocsp; cardwright ca issue --profile "
                                    "ocsp --public-key-of " +
                                    key + " makes one");
}

}  // namespace cw::service
