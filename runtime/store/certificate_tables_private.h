// The tables of certificates, as of format 6.
#pragma once

namespace cw::store {

// `serial`: of its certificate. `key`: its name in custody. `list_number`: of the last revocation list that was begun;
// `list`: the newest one that was signed, made at `list_made`, until `list_until`. `revocations`: how many there were
// so far; `list_revocations`: how many of them `list` knows of.
inline constexpr const char* kAuthorities =
    "CREATE TABLE authorities (name @text PRIMARY KEY, serial @text NOT NULL, key @text NOT NULL, crl_url @text NOT "
    "NULL, ocsp_url @text NOT NULL, list_number @number NOT NULL, list @bytes, list_made @number NOT NULL, list_until "
    "@number NOT NULL, revocations @number NOT NULL, list_revocations @number NOT NULL)";

// `owner`: empty, the operator's. `chip`, `domain`, `key_id`, `key_version`: of a key in a security domain, else empty
// and 0. `revoked`: when; 0: it was not. `replaced_by`: serial of the one that was issued instead. `key_hash`: SHA-256
// of its SubjectPublicKeyInfo, hex digits.
inline constexpr const char* kCertificates =
    "CREATE TABLE certificates (serial @text PRIMARY KEY, authority @text NOT NULL, profile @text NOT NULL, subject "
    "@text NOT NULL, owner @text NOT NULL, chip @text NOT NULL, domain @text NOT NULL, key_id @number NOT NULL, "
    "key_version @number NOT NULL, not_before @number NOT NULL, not_after @number NOT NULL, issued @number NOT NULL, "
    "issued_by @text NOT NULL, revoked @number NOT NULL, reason @text NOT NULL, replaced_by @text NOT NULL, key_hash "
    "@text "
    "NOT NULL, der @bytes NOT NULL)";
inline constexpr const char* kCertificatesByAuthority =
    "CREATE INDEX certificates_by_authority ON certificates (authority, not_after)";
inline constexpr const char* kCertificatesByOwner =
    "CREATE INDEX certificates_by_owner ON certificates (owner, issued) WHERE owner <> ''";
inline constexpr const char* kCertificatesBySubject = "CREATE INDEX certificates_by_subject ON certificates (subject)";
inline constexpr const char* kCertificatesByKey = "CREATE INDEX certificates_by_key ON certificates (key_hash)";

}  // namespace cw::store
