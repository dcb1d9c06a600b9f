// Personal data on its way from a provider to custody: CMS (RFC 5652), signed by the provider, then encrypted for us.
//
//   openssl cms -sign -binary -nodetach -in data -signer perso.pem -inkey perso.key -outform DER |
//     openssl cms -encrypt -binary -aes-256-gcm -outform PEM tsm.pem
//
// Between the two nobody reads it: what comes out is a Secret.
//
// Plain functions without state; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "crypto/certified.h"

namespace cw::crypto {

inline constexpr size_t kEnvelopeLimit = 1u << 20;  // bytes

/// Whether a file is CMS, or PKCS#7 before it: in PEM, whatever blanks stand ahead of it, or in DER. What is none of an
/// envelope is told so when it is opened, and never taken for the data itself.
bool is_envelope(std::string_view content);

/// Whose signature counts.
struct EnvelopeSender {
  std::string authorities{};  // PEM: certificates of CAs that vouch for it
  std::string subject{};      // as RFC 4514 writes it
};

struct Opened {
  Secret content{};
  Signer from{};
};

/// Opens it, in PEM or DER, with our private key `key_pem` (no pass phrase), and checks that one of `senders` signed
/// what is in it, as of `now` (seconds since 1970). Raises usage, without naming a file: no key; no envelope, or one
/// for others; content that is not signed once, by somebody else, with SHA-1 or less, or was changed.
Opened open_envelope(std::string_view envelope, const Secret& key_pem, const std::vector<EnvelopeSender>& senders,
                     int64_t now);

}  // namespace cw::crypto
