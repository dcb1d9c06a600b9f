// OCSP (RFC 6960): what clients ask of a responder, and its answers, signed by a key in custody.
//
// Plain functions; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/revocation_list.h"

namespace cw::crypto {

/// CertID (4.1.1): which certificate is asked about.
struct OcspQuestion {
  Bytes id{};  // DER of the whole CertID, which the answer repeats
  Bytes serial{};
};

struct OcspRequest {
  std::vector<OcspQuestion> questions{};  // one or more
  std::optional<Bytes> nonce{};           // its extension's content (RFC 8954), which the answer repeats
};

/// `der` is all of it. Raises usage: no request, more than 100 questions, a nonce over 128 bytes, a critical extension
/// that is not known.
OcspRequest read_ocsp_request(ByteView der);

/// The request in the path of a GET (A.1): base64 whose signs may be written as %2F. Raises usage: it is none.
Bytes ocsp_request_in(std::string_view path);

/// Whether it asks about a certificate issued under this name and key. False also for a hash that is not known.
bool is_about(const OcspQuestion& question, ByteView authority_certificate);

/// OCSPResponseStatus (4.2.1), but for successful.
enum class OcspFailure : uint8_t { malformed_request = 1, internal_error = 2, try_later = 3, unauthorized = 6 };

/// The answer without a signature.
Bytes ocsp_failure(OcspFailure why);

struct OcspAnswer {
  enum class State : uint8_t { good, revoked, unknown };
  Bytes id{};
  State state = State::unknown;
  int64_t revoked_at = 0;  // seconds since 1970
  RevocationReason reason = RevocationReason::unspecified;
};

struct OcspResponsePlan {
  int64_t produced_at = 0;  // seconds since 1970; also thisUpdate of each answer
  int64_t next_update = 0;  // until when they are good for
  std::vector<OcspAnswer> answers{};
  std::optional<Bytes> nonce{};
};

/// A whole OCSPResponse. `signer`: the authority, or whoever it lets sign (a certificate of profile ocsp, which is then
/// in the answer). Raises usage: the key is not that of the certificate, or certificates are not signed with it.
Bytes sign_ocsp_response(const Authority& signer, const OcspResponsePlan& plan);

}  // namespace cw::crypto
