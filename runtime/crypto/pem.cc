#include <openssl/pem.h>

#include "pem_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

PkeyPtr private_key_of(const Secret& pem) {
  ERR_clear_error();
  const ByteView bytes = SecretBytes::view(pem);
  const BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  // Without this OpenSSL would ask for a pass phrase on the terminal.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_phrase, nullptr) : nullptr);
  ERR_clear_error();
  return key;
}

Secret private_pem_of(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    raise_openssl("writing a private key");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret::copy(ByteView(reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)));
}

PkeyPtr public_key_of(const Secret& pem) {
  ERR_clear_error();
  const ByteView bytes = SecretBytes::view(pem);
  const BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  PkeyPtr key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  return key;
}

std::vector<CertificatePtr> certificates_of(std::string_view pem, size_t limit) {
  constexpr size_t kTextLimit = 1u << 20;
  if (pem.size() > kTextLimit) throw Error(ErrorKind::usage, "it is larger than 1 MiB");
  ERR_clear_error();
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) raise_openssl("reading certificates");
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  std::vector<CertificatePtr> out;
  while (CertificatePtr one{PEM_read_bio_X509(bio.get(), nullptr, no_phrase, nullptr)}) {
    if (out.size() == limit) {
      throw Error(ErrorKind::usage, "it holds more than " + std::to_string(limit) + " certificates");
    }
    out.push_back(std::move(one));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (out.empty() && at_end) throw Error(ErrorKind::usage, "it holds no certificate in PEM");
  if (!at_end) throw Error(ErrorKind::usage, "certificate " + std::to_string(out.size() + 1) + " in it is damaged");
  return out;
}

std::string pem_of(const std::vector<CertificatePtr>& certificates) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio) raise_openssl("writing certificates");
  for (const CertificatePtr& one : certificates)
    check(PEM_write_bio_X509(bio.get(), one.get()), "writing certificates");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace cw::crypto
