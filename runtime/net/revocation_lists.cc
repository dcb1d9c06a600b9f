#include <ctime>
#include <vector>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/files.h"
#include "revocation_lists_private.h"
#include "tls_context_private.h"

namespace cw::net {

namespace {

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;

std::string time_text(const ASN1_TIME* time) {
  struct tm parts {};
  char text[32] = "";
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "a time that is none";
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string name_text(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return "unknown";
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::vector<CrlPtr> read_lists(const std::filesystem::path& file) {
  const Bytes text = read_file(file, 16u << 20);
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  // Without this OpenSSL would ask for a pass phrase on the terminal.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  std::vector<CrlPtr> out;
  while (CrlPtr list{bio ? PEM_read_bio_X509_CRL(bio.get(), nullptr, no_phrase, nullptr) : nullptr}) {
    out.push_back(std::move(list));
  }
  if (out.empty() || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    refuse_file(file, "it holds no revocation list in PEM");
  }
  ERR_clear_error();
  return out;
}

/// Under a list that is out of date or not begun yet nobody is trusted (RFC 5280 6.3.3).
void want_in_date(const std::filesystem::path& file, const X509_CRL* list) {
  const ASN1_TIME* begin = X509_CRL_get0_lastUpdate(list);
  const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list);
  if (next != nullptr && X509_cmp_current_time(next) < 0) {
    refuse_file(file, "the revocation list is out of date since " + time_text(next) +
                          ", so it would vouch for nobody; get the next one from its authority (cardwright ca crl)");
  }
  if (X509_cmp_current_time(begin) > 0) {
    refuse_file(file, "the revocation list begins at " + time_text(begin) +
                          " only, so it vouches for nobody yet; is the clock right, here and at its authority?");
  }
}

/// Whether it is the authority's own, and may be.
bool is_by(X509* authority, X509_CRL* list) {
  const bool out =
      (X509_get_key_usage(authority) & KU_CRL_SIGN) != 0 && X509_CRL_verify(list, X509_get0_pubkey(authority)) == 1;
  ERR_clear_error();
  return out;
}

}  // namespace

void use_revocation_lists(X509_STORE* store, const std::filesystem::path& file) {
  const std::vector<CrlPtr> lists = read_lists(file);
  for (const CrlPtr& list : lists) want_in_date(file, list.get());
  std::vector<bool> known(lists.size()), good(lists.size());
  const STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
    X509* authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    // One that has ended vouches for nobody, and signs no more lists.
    if (authority == nullptr || X509_cmp_current_time(X509_get0_notAfter(authority)) < 0) continue;
    bool has_one = false;
    for (size_t n = 0; n < lists.size(); ++n) {
      if (X509_NAME_cmp(X509_CRL_get_issuer(lists[n].get()), X509_get_subject_name(authority)) != 0) continue;
      known[n] = true;
      if (!is_by(authority, lists[n].get())) continue;
      good[n] = has_one = true;
    }
    if (has_one) continue;
    refuse_file(file, "it holds no revocation list by the key of " + name_text(X509_get_subject_name(authority)) +
                          ", so nobody that it vouches for could be trusted; add that one's, PEM after PEM");
  }
  for (size_t n = 0; n < lists.size(); ++n) {
    // One of an authority between, which clients send with their certificate, is looked at then.
    if (known[n] && !good[n]) {
      refuse_file(file, "a revocation list of " + name_text(X509_CRL_get_issuer(lists[n].get())) +
                            " is not by its key: it was changed, or another one made it");
    }
    require(X509_STORE_add_crl(store, lists[n].get()) == 1, "X509_STORE_add_crl");
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

}  // namespace cw::net
