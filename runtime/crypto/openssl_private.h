// What this folder needs of OpenSSL 3: owners, fetching once, errors.
#pragma once

#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/freed.h"

namespace cw::crypto {

using CipherPtr = std::unique_ptr<EVP_CIPHER, Freed<EVP_CIPHER_free>>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using DigestPtr = std::unique_ptr<EVP_MD, Freed<EVP_MD_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestCtxPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

/// Raises internal: `what` failed, with OpenSSL's own reason as cause. Leaves OpenSSL's error queue empty.
[[noreturn]] inline void raise_openssl(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  throw Error(ErrorKind::internal, what + " failed in OpenSSL", {}, reason ? reason : "");
}

inline void check(int ok, const char* what) {
  if (ok != 1) raise_openssl(what);
}

/// Fetching looks the algorithm up under a lock: callers keep the result in a static, once per process.
inline CipherPtr fetch_cipher(const char* name) {
  CipherPtr cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  if (!cipher) raise_openssl(std::string("fetching ") + name);
  return cipher;
}

}  // namespace cw::crypto
