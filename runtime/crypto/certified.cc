#include "crypto/certified.h"

#include <ctime>
#include <optional>

#include <openssl/core_names.h>
#include <openssl/x509v3.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "x509_private.h"

namespace cw::crypto {

namespace {

using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
struct FreedStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }  // not what is in it
};
using StackPtr = std::unique_ptr<STACK_OF(X509), FreedStack>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

constexpr size_t kTrustLimit = 64;
// 112 bits: RSA from 2048 bits on, SHA-256 and above.
constexpr int kStrength = 2;

/// The hash that goes with a key; null within: the algorithm hashes by itself. Nothing: no key to sign files with.
struct Scheme {
  const char* hash = nullptr;
};
std::optional<Scheme> scheme_of(const EVP_PKEY* key) {
  if (key == nullptr) return {};
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return Scheme{nullptr};
  char group[32] = "";
  if (EVP_PKEY_is_a(key, "EC") != 1 || EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return {};
  const std::string_view name = group;
  if (name == "prime256v1" || name == "P-256") return Scheme{"SHA2-256"};
  if (name == "secp384r1" || name == "P-384") return Scheme{"SHA2-384"};
  return {};
}

std::string name_of(const X509_NAME* name) {
  const std::string text = text_of(name);
  return text.empty() ? "without a name" : text;
}

std::string name_of(const X509* certificate) { return name_of(X509_get_subject_name(certificate)); }

std::string date_of(const ASN1_TIME* time) {
  struct tm parts {};
  char text[32] = "";
  if (ASN1_TIME_to_tm(time, &parts) != 1 || std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
    return "a date that is none";
  }
  return text;
}

/// What keeps the holder of this certificate from signing files; empty: nothing.
std::string unfit(X509* certificate) {
  if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) return "has an extension that cannot be read";
  if (!scheme_of(X509_get0_pubkey(certificate))) return "is not of an Ed25519, P-256 or P-384 key";
  const uint32_t usage = X509_get_key_usage(certificate);
  if (usage == UINT32_MAX || (usage & KU_DIGITAL_SIGNATURE) == 0) {
    return "is not for signing: its key usage lacks digitalSignature";
  }
  const uint32_t extended = X509_get_extended_key_usage(certificate);
  if (extended != UINT32_MAX && (extended & (XKU_CODE_SIGN | XKU_ANYEKU)) == 0) {
    return "is for something else: its extended key usage lacks codeSigning";
  }
  return {};
}

/// "certificate 2 of 3 (CN=acme)", or the trusted one.
std::string place_of(const X509* certificate, const std::vector<CertificatePtr>& chain) {
  if (certificate == nullptr) return "a certificate";
  for (size_t i = 0; i < chain.size(); ++i) {
    if (X509_cmp(chain[i].get(), certificate) != 0) continue;
    return "certificate " + std::to_string(i + 1) + " of " + std::to_string(chain.size()) + " (" +
           name_of(certificate) + ")";
  }
  return "the trusted certificate (" + name_of(certificate) + ")";
}

std::string reason_of(int error, const X509* certificate) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "ended at " + date_of(X509_get0_notAfter(certificate)) + "; sign again with one that is valid";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "begins at " + date_of(X509_get0_notBefore(certificate)) +
             " only; wait for it, or look at this machine's clock";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "was issued by " + name_of(X509_get_issuer_name(certificate)) +
             ", which is neither trusted nor in the chain; name that CA's certificate with --trust, or sign again with "
             "the whole chain";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is where the chain ends, and it is not trusted; name the CA that is with --trust";
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return "vouches for another one, and is no CA; get a certificate from the CA itself";
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return "has more certificates below it than it allows";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "was changed, or was signed by another CA of the same name";
    default:
      return X509_verify_cert_error_string(error);
  }
}

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::script, why); }

/// Raises script: the chain does not lead from its first certificate to one that is trusted.
void check_chain(const std::vector<CertificatePtr>& chain, const std::vector<CertificatePtr>& trusted, int64_t now) {
  const StorePtr store(X509_STORE_new());
  const StoreCtxPtr context(X509_STORE_CTX_new());
  const StackPtr between(sk_X509_new_null());
  if (!store || !context || !between) raise_openssl("checking certificates");
  for (const CertificatePtr& one : trusted)
    check(X509_STORE_add_cert(store.get(), one.get()), "trusting a certificate");
  for (size_t i = 1; i < chain.size(); ++i) {
    if (sk_X509_push(between.get(), chain[i].get()) <= 0) raise_openssl("checking certificates");
  }
  check(X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), between.get()), "checking certificates");
  X509_VERIFY_PARAM* asked = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(asked, static_cast<time_t>(now));
  X509_VERIFY_PARAM_set_auth_level(asked, kStrength);
  X509_VERIFY_PARAM_set_depth(asked, static_cast<int>(kChainLimit));
  const bool right = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  const X509* at = X509_STORE_CTX_get_current_cert(context.get());
  ERR_clear_error();
  if (!right) refuse(place_of(at, chain) + " " + reason_of(error, at != nullptr ? at : chain[0].get()));
  // OpenSSL also takes certificates for a CA's that say so in some older way.
  const STACK_OF(X509)* found = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 1; i < sk_X509_num(found); ++i) {
    X509* issuer = sk_X509_value(found, i);
    if (X509_check_ca(issuer) != 1) refuse(place_of(issuer, chain) + " " + reason_of(X509_V_ERR_INVALID_CA, issuer));
  }
}

bool is_of(EVP_PKEY* key, ByteView message, ByteView signature) {
  const DigestCtxPtr context(EVP_MD_CTX_new());
  if (!context) raise_openssl("creating a signature context");
  check(EVP_DigestVerifyInit_ex(context.get(), nullptr, scheme_of(key)->hash, nullptr, nullptr, key, nullptr),
        "starting to verify");
  const bool right =
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace

Certified sign_certified(const Secret& key_pem, std::string_view chain_pem, ByteView message) {
  const PkeyPtr key = private_key_of(key_pem);
  if (!key) throw Error(ErrorKind::usage, "the key file holds no private key in PEM, or one with a pass phrase");
  const std::optional<Scheme> scheme = scheme_of(key.get());
  if (!scheme) throw Error(ErrorKind::usage, "the key is none of Ed25519, ECDSA on P-256 and ECDSA on P-384");
  const std::vector<CertificatePtr> chain = certificates_of(chain_pem, kChainLimit);
  const bool own = X509_check_private_key(chain[0].get(), key.get()) == 1;
  ERR_clear_error();
  if (!own) {
    throw Error(ErrorKind::usage,
                place_of(chain[0].get(), chain) + " is of another key; the signer's own certificate comes first");
  }
  if (const std::string why = unfit(chain[0].get()); !why.empty()) {
    throw Error(ErrorKind::usage, place_of(chain[0].get(), chain) + " " + why);
  }
  const DigestCtxPtr context(EVP_MD_CTX_new());
  if (!context) raise_openssl("creating a signature context");
  check(EVP_DigestSignInit_ex(context.get(), nullptr, scheme->hash, nullptr, nullptr, key.get(), nullptr),
        "starting to sign");
  size_t size = 0;
  check(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()), "sizing a signature");
  Certified out{Bytes(size), pem_of(chain)};
  check(EVP_DigestSign(context.get(), out.signature.data(), &size, message.data(), message.size()), "signing");
  out.signature.resize(size);
  return out;
}

Signer verify_certified(const Certified& certified, ByteView message, std::string_view trust_pem, int64_t now) {
  std::vector<CertificatePtr> trusted, chain;
  try {
    trusted = certificates_of(trust_pem, kTrustLimit);
  } catch (const Error& error) {
    throw error.within("reading the trusted certificates");
  }
  try {
    chain = certificates_of(certified.chain, kChainLimit);
  } catch (const Error& error) {
    refuse("its certificates cannot be read: " + error.message());
  }
  if (pem_of(chain) != certified.chain) refuse("there is something else between its certificates");
  if (const std::string why = unfit(chain[0].get()); !why.empty()) refuse(place_of(chain[0].get(), chain) + " " + why);
  check_chain(chain, trusted, now);
  if (!is_of(X509_get0_pubkey(chain[0].get()), message, certified.signature)) {
    refuse("the signature is not of this content by " + place_of(chain[0].get(), chain));
  }
  Signer out{name_of(chain[0].get())};
  out.fingerprint = to_hex(digest(Hash::sha256, der_of(chain[0].get(), i2d_X509)));
  out.until = seconds_of(X509_get0_notAfter(chain[0].get()));
  return out;
}

}  // namespace cw::crypto
