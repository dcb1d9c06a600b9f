#include "net/demo_certificates.h"

#include <array>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "tls_context_private.h"

namespace cw::net {

namespace {

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

void check(bool ok) {
  if (ok) return;
  ERR_clear_error();
  throw Error(ErrorKind::internal, "cannot make a test certificate: OpenSSL failed");
}

ByteView content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)};
}

void add(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string alternative_names(const DemoCertificate& what) {
  std::string out;
  for (const std::string& host : what.hosts) {
    std::array<uint8_t, 16> number{};
    const bool is_number = ::inet_pton(AF_INET, host.c_str(), number.data()) == 1 ||
                           ::inet_pton(AF_INET6, host.c_str(), number.data()) == 1;
    out += (out.empty() ? "" : ",") + std::string(is_number ? "IP:" : "DNS:") + host;
  }
  for (const std::string& uri : what.uris) out += (out.empty() ? "URI:" : ",URI:") + uri;
  return out;
}

/// A certificate that says nothing yet but who, which key and how long.
X509Ptr blank(const std::string& name, EVP_PKEY* key, std::chrono::hours lasts) {
  X509Ptr out(X509_new());
  std::array<uint8_t, 16> serial{};
  check(out && RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1);
  serial[0] = static_cast<uint8_t>((serial[0] & 0x3F) | 0x40);  // positive, and always as long
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  const long end = static_cast<long>(std::chrono::seconds(lasts).count());
  X509_NAME* subject = X509_get_subject_name(out.get());
  check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(out.get())) &&
        X509_set_version(out.get(), 2) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(out.get()), std::min(end, 0L) - 3600) &&
        X509_gmtime_adj(X509_getm_notAfter(out.get()), end) && X509_set_pubkey(out.get(), key) == 1 &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const uint8_t*>(name.c_str()), -1, -1,
                                   0) == 1);
  return out;
}

PemFiles write(const std::filesystem::path& folder, const std::string& name, X509* certificate, EVP_PKEY* key) {
  PemFiles out{folder / (name + ".pem"), folder / (name + ".key")};
  const BioPtr open(BIO_new(BIO_s_mem()));
  const BioPtr secret(BIO_new(BIO_s_secmem()));
  check(open && secret && PEM_write_bio_X509(open.get(), certificate) == 1 &&
        PEM_write_bio_PKCS8PrivateKey(secret.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  write_file_atomically(out.key, content(secret.get()), true);
  write_file_atomically(out.certificate, content(open.get()), false);
  return out;
}

}  // namespace

class DemoAuthority::Signer {
 public:
  KeyPtr key{EVP_EC_gen("P-256")};
  X509Ptr certificate{};
};

DemoAuthority::DemoAuthority(std::filesystem::path folder)
    : folder_(std::move(folder)), signer_(std::make_unique<Signer>()) {
  std::error_code error;
  if (std::filesystem::create_directories(folder_, error)) {
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    throw Error(ErrorKind::usage,
                "cannot make the folder " + folder_.string() + " for test certificates: " + error.message());
  }
  check(signer_->key != nullptr);
  signer_->certificate = blank("cardwright test authority", signer_->key.get(), std::chrono::hours(24 * 3650));
  X509* certificate = signer_->certificate.get();
  check(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1);
  add(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add(certificate, certificate, NID_subject_key_identifier, "hash");
  check(X509_sign(certificate, signer_->key.get(), EVP_sha256()) > 0);
  files_ = write(folder_, "authority", certificate, signer_->key.get());
}

DemoAuthority::~DemoAuthority() = default;

PemFiles DemoAuthority::issue(const DemoCertificate& what) const {
  const KeyPtr key(EVP_EC_gen("P-256"));
  check(key != nullptr);
  const X509Ptr certificate = blank(what.name, key.get(), what.lasts);
  X509* issuer = signer_->certificate.get();
  check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1);
  add(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  add(certificate.get(), issuer, NID_key_usage, "critical,digitalSignature");
  add(certificate.get(), issuer, NID_ext_key_usage, what.hosts.empty() ? "clientAuth" : "serverAuth");
  add(certificate.get(), issuer, NID_authority_key_identifier, "keyid:always");
  const std::string names = alternative_names(what);
  if (!names.empty()) add(certificate.get(), issuer, NID_subject_alt_name, names);
  check(X509_sign(certificate.get(), signer_->key.get(), EVP_sha256()) > 0);
  return write(folder_, what.name, certificate.get(), key.get());
}

}  // namespace cw::net
