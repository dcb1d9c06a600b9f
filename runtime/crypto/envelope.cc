#include "crypto/envelope.h"

#include <algorithm>
#include <iterator>

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/hex.h"
#include "pem_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

/// What is signed is in it in the clear: wiped, as OpenSSL does not.
struct FreedCms {
  void operator()(CMS_ContentInfo* cms) const {
    const bool is_signed = OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed;
    ASN1_OCTET_STRING** const content = is_signed ? CMS_get0_content(cms) : nullptr;
    if (content != nullptr && *content != nullptr) {
      const auto size = static_cast<size_t>(ASN1_STRING_length(*content));
      OPENSSL_cleanse(const_cast<unsigned char*>(ASN1_STRING_get0_data(*content)), size);
    }
    CMS_ContentInfo_free(cms);
  }
};
using CmsPtr = std::unique_ptr<CMS_ContentInfo, FreedCms>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
struct FreedStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }  // not what is in it
};

constexpr std::string_view kBegins[] = {"-----BEGIN CMS-----", "-----BEGIN PKCS7-----"};
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// PKCS#7 and what CMS added to it: 1.2.840.113549.1.7.x and 1.2.840.113549.1.9.16.1.x.
constexpr std::string_view kKinds[] = {"\x2A\x86\x48\x86\xF7\x0D\x01\x07", "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01"};
constexpr size_t kAuthorities = 64;
constexpr int kStrength = 2;  // 112 bits: RSA from 2048 bits on, SHA-256 and above

[[noreturn]] void refuse(const std::string& why) {
  ERR_clear_error();
  throw Error(ErrorKind::usage, why);
}

/// What OpenSSL wrote into memory that it wipes when it is freed.
BioPtr wiped_memory() {
  BioPtr out(BIO_new(BIO_s_secmem()));
  if (!out) raise_openssl("making room for personal data");
  return out;
}

ByteView written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(std::max(size, 0L))};
}

struct FreedText {
  void operator()(void* text) const { OPENSSL_free(text); }
};

CmsPtr read_der(const uint8_t* at, long size) { return CmsPtr(d2i_CMS_ContentInfo(nullptr, &at, size)); }

std::string_view without_blanks(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

bool is_pem(std::string_view text) {
  return std::any_of(std::begin(kBegins), std::end(kBegins),
                     [&](std::string_view one) { return text.starts_with(one); });
}

/// A sequence that begins with one of their object identifiers.
bool is_der(std::string_view bytes) {
  if (bytes.size() < 4 || bytes[0] != '\x30') return false;
  const auto length = static_cast<uint8_t>(bytes[1]);
  const size_t head = length <= 0x80 ? 2 : 2 + (length & 0x7Fu);
  if (bytes.size() < head + 2 || bytes[head] != '\x06') return false;
  const std::string_view kind = bytes.substr(head + 2);
  return std::any_of(std::begin(kKinds), std::end(kKinds), [&](std::string_view one) { return kind.starts_with(one); });
}

CmsPtr read_pem(std::string_view pem) {
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char *name = nullptr, *header = nullptr;
  uint8_t* data = nullptr;
  long size = 0;
  const bool read = PEM_read_bio(in.get(), &name, &header, &data, &size) == 1;
  const std::unique_ptr<void, FreedText> freed[] = {std::unique_ptr<void, FreedText>(name),
                                                    std::unique_ptr<void, FreedText>(header),
                                                    std::unique_ptr<void, FreedText>(data)};
  return read ? read_der(data, size) : nullptr;
}

CmsPtr read_envelope(std::string_view content) {
  if (content.size() > kEnvelopeLimit) refuse("it is longer than an envelope may be");
  const std::string_view text = without_blanks(content);
  CmsPtr out = is_pem(text)
                   ? read_pem(text)
                   : read_der(reinterpret_cast<const uint8_t*>(content.data()), static_cast<long>(content.size()));
  if (!out) refuse("it is no CMS envelope that can be read, or was cut");
  return out;
}

BioPtr decrypted(CMS_ContentInfo* envelope, EVP_PKEY* key) {
  const int type = OBJ_obj2nid(CMS_get0_type(envelope));
  if (type != NID_pkcs7_enveloped && type != NID_id_smime_ct_authEnvelopedData) {
    refuse("it is CMS of another kind: personal data is signed, and then encrypted for us");
  }
  BioPtr out = wiped_memory();
  if (CMS_decrypt(envelope, key, nullptr, nullptr, out.get(), 0) != 1) {
    refuse("it does not open: it is encrypted for another certificate than ours, or was changed");
  }
  return out;
}

StorePtr trust_of(const EnvelopeSender& sender, int64_t now) {
  StorePtr store(X509_STORE_new());
  if (!store) raise_openssl("trusting certificates");
  for (const CertificatePtr& one : certificates_of(sender.authorities, kAuthorities)) {
    check(X509_STORE_add_cert(store.get(), one.get()), "trusting a certificate");
  }
  X509_VERIFY_PARAM* asked = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(asked, static_cast<time_t>(now));
  X509_VERIFY_PARAM_set_auth_level(asked, kStrength);
  X509_VERIFY_PARAM_set_purpose(asked, X509_PURPOSE_ANY);  // EKU emailProtection says nothing about personal data
  return store;
}

std::string subject_of(const X509* certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
    raise_openssl("reading a name");
  }
  return to_string(written(out.get()));
}

Signer signer_of(X509* certificate) {
  Signer out;
  out.name = subject_of(certificate);
  std::array<uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  check(X509_digest(certificate, EVP_sha256(), hash.data(), &size), "hashing a certificate");
  out.fingerprint = to_hex(ByteView(hash.data(), size));
  struct tm parts {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1) out.until = ::timegm(&parts);
  return out;
}

/// What certificates are held against, X509_VERIFY_PARAM says; the hash of the signature itself, nobody.
bool is_strong(CMS_ContentInfo* content) {
  STACK_OF(CMS_SignerInfo)* signatures = CMS_get0_SignerInfos(content);
  for (int i = 0; i < sk_CMS_SignerInfo_num(signatures); ++i) {
    X509_ALGOR* hash = nullptr;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signatures, i), nullptr, nullptr, &hash, nullptr);
    const int nid = hash == nullptr ? NID_undef : OBJ_obj2nid(hash->algorithm);
    if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512) return false;
  }
  return true;
}

/// Who signed, if it was this sender. Writes what is in it to `content`. Nothing: it was somebody else.
std::optional<Signer> verified(CMS_ContentInfo* content, const EnvelopeSender& sender, int64_t now, BIO* out) {
  const StorePtr trust = trust_of(sender, now);
  if (CMS_verify(content, nullptr, trust.get(), nullptr, out, 0) != 1) return {};
  const std::unique_ptr<STACK_OF(X509), FreedStack> signers(CMS_get0_signers(content));
  if (!signers || sk_X509_num(signers.get()) != 1) return {};
  if (!is_strong(content)) return {};
  Signer who = signer_of(sk_X509_value(signers.get(), 0));
  if (who.name != sender.subject) return {};
  return who;
}

CmsPtr signed_content(const BIO* plain) {
  const ByteView bytes = written(const_cast<BIO*>(plain));
  CmsPtr out = read_der(bytes.data(), static_cast<long>(bytes.size()));
  if (!out || OBJ_obj2nid(CMS_get0_type(out.get())) != NID_pkcs7_signed) {
    refuse("what is in it is not signed; sign the data, and then encrypt that");
  }
  if (OBJ_obj2nid(CMS_get0_eContentType(out.get())) != NID_pkcs7_data) refuse("what is signed in it is no plain data");
  return out;
}

}  // namespace

bool is_envelope(std::string_view content) { return is_pem(without_blanks(content)) || is_der(content); }

Opened open_envelope(std::string_view text, const Secret& key_pem, const std::vector<EnvelopeSender>& senders,
                     int64_t now) {
  const PkeyPtr key = private_key_of(key_pem);
  if (!key) refuse("our key file holds no private key in PEM, or one with a pass phrase");
  const CmsPtr envelope = read_envelope(text);
  const BioPtr plain = decrypted(envelope.get(), key.get());
  const CmsPtr content = signed_content(plain.get());
  for (const EnvelopeSender& sender : senders) {
    const BioPtr data = wiped_memory();
    if (std::optional<Signer> from = verified(content.get(), sender, now, data.get())) {
      ERR_clear_error();
      return {Secret::take(to_bytes(written(data.get()))), std::move(*from)};
    }
    ERR_clear_error();
  }
  refuse("none of those who may send personal data has signed it, or their certificate is not valid now");
}

}  // namespace cw::crypto
