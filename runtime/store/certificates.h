// Certificates that were issued, for parties and for keys in security domains, and who issued them. Each change is a
// record of the audit, in the same transaction.
//
// What a certificate says, crypto/ reads; here it is bytes, and what it is looked up by.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::store {

struct Certificate {
  std::string serial{};     // hex digits
  std::string authority{};  // who issued it, by name
  std::string profile{};    // "server", "client", "domain", "ocsp", "ca"
  std::string subject{};
  std::string owner{};  // empty: the operator's own
  // Of a key in a security domain; else empty and 0.
  std::string chip{};
  std::string domain{};  // AID, hex digits
  int64_t key_id = 0;
  int64_t key_version = 0;
  // Milliseconds since 1970.
  int64_t not_before = 0;
  int64_t not_after = 0;
  int64_t issued = 0;
  std::string issued_by{};
  int64_t revoked = 0;        // 0: it was not
  std::string reason{};       // of the revocation, as RFC 5280 names it
  std::string replaced_by{};  // serial
  std::string key_hash{};     // of its public key, hex digits
  Bytes der{};

  /// One of kCertificateStates.
  std::string state(int64_t now) const;
};

/// "replaced": good until its end, and another one is there.
inline constexpr std::array<std::string_view, 5> kCertificateStates = {"valid", "replaced", "revoked", "expired",
                                                                       "not yet valid"};

struct CertificateAuthority {
  std::string name{};
  std::string serial{};  // of its certificate
  std::string key{};     // its name in custody
  std::string crl_url{};
  std::string ocsp_url{};
  int64_t list_number = 0;      // of its last revocation list
  std::optional<Bytes> list{};  // DER
};

/// A revocation list that was signed.
struct SignedList {
  int64_t number = 0;
  int64_t revocations = 0;  // as NextList has it
  Bytes der{};
  int64_t made = 0;
  int64_t until = 0;
};

/// What becomes of an authority's revocation lists, without the list itself.
struct ListStanding {
  bool there = false;     // one was signed
  bool knows_all = true;  // nothing was revoked since it was begun
  int64_t made = 0;
  int64_t until = 0;
};

/// What is asked for; an empty part is not asked about.
struct CertificateQuery {
  std::optional<std::string> owner{};  // empty text: the operator's own
  std::string authority{};
  std::string subject{};  // a part of it, in any case
  std::string serial{};
  std::string profile{};
  std::string chip{};
  std::string domain{};
  std::string key_hash{};
  std::string state{};               // as Certificate::state says
  std::optional<int64_t> ends_by{};  // valid or replaced, and its end is not after that
  int64_t now = 0;
};

class Certificates {
 public:
  virtual ~Certificates() = default;

  /// An authority and its own certificate. Raises usage: there is one of that name, that subject or that key, whatever
  /// became of it: two would sign lists that clients cannot tell apart; the subject is another owner's; store.
  virtual void add_authority(const CertificateAuthority& authority, const Certificate& certificate,
                             const std::string& by) = 0;
  /// Raises usage: no such authority; names those there are.
  virtual CertificateAuthority authority(const std::string& name) = 0;
  virtual std::vector<CertificateAuthority> authorities() = 0;

  /// `replaces`: serial of the one that this is issued instead of. Raises usage: no such owner or authority, an
  /// authority that was revoked, a subject of an authority or another owner, a key that was revoked as compromised; the
  /// one to replace is not there, belongs to another owner, was revoked or replaced; policy: the owner is not managed;
  /// store.
  virtual void add(const Certificate& certificate, const std::string& by, const std::string& replaces = {}) = 0;
  /// Raises usage: no such certificate, or revoked already; store.
  virtual void revoke(const std::string& serial, const std::string& reason, int64_t when, const std::string& by) = 0;

  /// `serial`, here and for the others: hex digits in any case, also with ':' between them. `owner`: what belongs to
  /// others is not there. Raises usage: no such certificate.
  virtual Certificate find(const std::string& serial, const std::optional<std::string>& owner = {}) = 0;
  /// Nothing: the authority issued none of this serial number.
  virtual std::optional<Certificate> look_up(const std::string& authority, const std::string& serial) = 0;
  /// By when they were issued.
  virtual std::vector<Certificate> list(const CertificateQuery& query) = 0;

  struct NextList {
    int64_t number = 0;
    int64_t revocations = 0;             // how many there were so far: an order that needs no clock
    std::vector<Certificate> revoked{};  // by when; those that ended before the last list are left out
  };
  /// The number of the authority's next revocation list, which no other list has, and what is to be in it. A number
  /// whose list was never made is a gap (RFC 5280 5.2.3 lets numbers grow as they like).
  virtual NextList begin_list(const std::string& authority) = 0;
  /// It is the one that is given out, unless a later one was begun.
  virtual void put_list(const std::string& authority, const SignedList& list, const std::string& by) = 0;
  /// Raises usage: as authority().
  virtual ListStanding list_standing(const std::string& authority) = 0;
};

}  // namespace cw::store
