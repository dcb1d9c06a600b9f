// A small CA: authorities whose keys are in custody, what they issue, and what the store keeps of it. Nothing is
// written unless the certificate was made, signed and verified; nothing is given out that was not written.
//
// Thread rule: as the store's and the key store's: any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/certificate_issue.h"
#include "crypto/key_store.h"
#include "crypto/revocation_list.h"
#include "store/certificates.h"

namespace cw::service {

/// Where the office works, and who is at it.
struct CertificateOffice {
  store::Certificates& certificates;
  const crypto::KeyStore& keys;
  std::string who{};  // "user@host", for the audit
  int64_t now = 0;    // milliseconds since 1970
};

struct NewAuthority {
  std::string name{};     // 1 to 32 of a-z, 0-9, '-' and '_'
  std::string subject{};  // RFC 2253
  std::string key{};      // in custody
  int64_t expires = 0;    // milliseconds since 1970
  std::string crl_url{};
  std::string ocsp_url{};
};

/// A root: makes its certificate and writes it. Raises usage: no such name, key, subject or URL; as
/// store::Certificates::add_authority.
store::Certificate make_authority(const CertificateOffice& office, const NewAuthority& wanted);

struct CertificateOrder {
  std::string authority{};
  crypto::CertificateProfile profile = crypto::CertificateProfile::client;
  std::string subject{};
  std::vector<std::string> names{};
  Bytes public_key{};   // SubjectPublicKeyInfo; whoever orders has seen that its holder has the private one
  int64_t expires = 0;  // milliseconds since 1970
  std::string owner{};
  // Of a key in a security domain.
  std::string chip{};
  std::string domain{};
  int64_t key_id = 0;
  int64_t key_version = 0;
};

/// Raises usage, policy, store: as crypto::issue_certificate and store::Certificates::add.
store::Certificate issue(const CertificateOffice& office, const CertificateOrder& order);

struct Renewal {
  std::string serial{};
  Bytes public_key{};   // empty: the same key
  int64_t expires = 0;  // milliseconds since 1970; 0: as long as the one before was for
  bool revoke = false;  // the one before is revoked (superseded) as soon as the new one is there
};

/// The same subject, names, profile, owner and place under a new serial number. Raises usage, store.
store::Certificate renew(const CertificateOffice& office, const Renewal& renewal);

/// Signs the authority's next revocation list and keeps it. `days`: until the next one, though none is good for longer
/// than the authority. Also of one that was revoked. Returns DER. Raises usage.
Bytes sign_list(const CertificateOffice& office, const std::string& authority, int64_t days);
/// Whether there is none, something was revoked since the last one was begun, or less than half of its time is left and
/// the next one could be good for longer. Raises usage: no such authority; store.
bool is_list_due(const CertificateOffice& office, const std::string& authority);

/// The authority with its key. Raises usage: no such authority; as KeyStore::find_signing_key.
crypto::Authority authority_of(const CertificateOffice& office, const std::string& name);
/// Who answers OCSP in its name: the holder of `key`, by the valid certificate of profile ocsp that was issued last for
/// that key; without one the authority, if the key is its own. Raises usage: neither.
crypto::Authority responder_of(const CertificateOffice& office, const std::string& name, const std::string& key);

}  // namespace cw::service
