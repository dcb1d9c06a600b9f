#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/hex.h"
#include "tls_context_private.h"

namespace cw::net {

namespace {

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BnPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

std::string text_of(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

/// A name with a zero byte in it is one to the authority and another to a C program.
void add(std::vector<std::string>& out, const ASN1_IA5STRING* value) {
  const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                         static_cast<size_t>(ASN1_STRING_length(value)));
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7F) return;
  }
  out.push_back(text);
}

}  // namespace

ClientCertificate describe(X509* certificate) {
  ClientCertificate out;
  out.subject = text_of(X509_get_subject_name(certificate));
  out.issuer = text_of(X509_get_issuer_name(certificate));

  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) add(out.dns_names, name->d.dNSName);
    if (name->type == GEN_URI) add(out.uris, name->d.uniformResourceIdentifier);
  }

  Bytes hash(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), hash.data(), &size) == 1) out.sha256 = to_hex(ByteView(hash).first(size));
  const BnPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  Bytes serial(number ? static_cast<size_t>(BN_num_bytes(number.get())) : 0);
  if (number) BN_bn2bin(number.get(), serial.data());
  out.serial = to_hex(serial);
  return out;
}

}  // namespace cw::net
