// Revocation lists (CRL, RFC 5280 5) with a key in custody.
//
// Plain functions; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate_issue.h"

namespace cw::crypto {

/// CRLReason (RFC 5280 5.3.1), but for those of attribute certificates, delta lists and certificates on hold.
enum class RevocationReason : uint8_t {
  unspecified = 0,
  key_compromise = 1,
  ca_compromise = 2,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  privilege_withdrawn = 9,
};

/// "keyCompromise", as the RFC writes it.
std::string_view name_of(RevocationReason reason);
/// Raises usage: no such reason; names those there are.
RevocationReason revocation_reason(std::string_view name);

struct RevokedCertificate {
  Bytes serial{};
  int64_t time = 0;  // seconds since 1970
  RevocationReason reason = RevocationReason::unspecified;
};

struct RevocationListPlan {
  uint64_t number = 0;      // CRL number: grows with each list
  int64_t this_update = 0;  // seconds since 1970
  int64_t next_update = 0;  // until when the next one is there
  std::vector<RevokedCertificate> revoked{};
};

/// DER. Raises usage: as check_authority at plan.this_update; next_update that is not later.
Bytes sign_revocation_list(const Authority& authority, const RevocationListPlan& plan);

struct RevocationListFacts {
  std::string issuer{};
  std::string number{};  // hex digits; empty: it has none
  int64_t this_update = 0;
  int64_t next_update = 0;  // 0: it does not say
  size_t revoked = 0;
};
/// Raises usage: `der` is no revocation list.
RevocationListFacts read_revocation_list(ByteView der);

std::string revocation_list_pem(ByteView der);

}  // namespace cw::crypto
