// What X.509 signs: certificates, revocation lists and answers of OCSP are a value, an algorithm and a signature (RFC
// 5280 4.1.1, 5.1.1; RFC 6960 4.2.1). The key may be in a token: all that is asked of it is SigningKey::sign. Private
// to this folder.
#pragma once

#include "crypto/certificate_issue.h"
#include "x509_private.h"

namespace cw::crypto {

/// AlgorithmIdentifier of what this key signs by: ecdsa-with-SHA256, -SHA384, -SHA512, RSASSA-PSS with SHA-256 (RFC
/// 4055). Raises usage: a key that certificates are not signed with, or the public half alone.
Bytes signature_algorithm(const SigningKey& key);

/// SEQUENCE { tbs, signatureAlgorithm, signature, after }. Raises as SigningKey::sign.
Bytes signed_value(ByteView tbs, const SigningKey& key, ByteView after = {});

/// Extension (RFC 5280 4.1.2.9): `content` is the DER in its octet string.
Bytes extension(int nid, bool critical, ByteView content);
/// The 20 bytes of RFC 5280 4.2.1.2 (1) of a SubjectPublicKeyInfo.
Bytes key_identifier(ByteView public_key);
/// AuthorityKeyIdentifier of an authority's certificate.
Bytes authority_key_identifier(X509* authority);

}  // namespace cw::crypto
