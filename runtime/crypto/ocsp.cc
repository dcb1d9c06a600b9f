#include "crypto/ocsp.h"

#include <algorithm>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "der_private.h"
#include "signed_value_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kQuestions = 100;
constexpr size_t kNonce = 128;  // RFC 8954 has 32 at most; openssl's own command and older clients send others

using RequestPtr = std::unique_ptr<OCSP_REQUEST, Freed<OCSP_REQUEST_free>>;
using CertIdPtr = std::unique_ptr<OCSP_CERTID, Freed<OCSP_CERTID_free>>;

RequestPtr request_of(ByteView bytes) {
  const uint8_t* at = bytes.data();
  RequestPtr out(d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(bytes.size())));
  ERR_clear_error();
  if (!out || at != bytes.data() + bytes.size()) throw Error(ErrorKind::usage, "these bytes are no OCSP request");
  return out;
}

void check_extensions(OCSP_REQUEST* request) {
  for (int i = 0; i < OCSP_REQUEST_get_ext_count(request); ++i) {
    X509_EXTENSION* one = OCSP_REQUEST_get_ext(request, i);
    if (X509_EXTENSION_get_critical(one) == 0 ||
        OBJ_obj2nid(X509_EXTENSION_get_object(one)) == NID_id_pkix_OCSP_Nonce) {
      continue;
    }
    throw Error(ErrorKind::usage, "the OCSP request has a critical extension that is not known here");
  }
}

std::optional<Bytes> nonce_of(OCSP_REQUEST* request) {
  const int at = OCSP_REQUEST_get_ext_by_NID(request, NID_id_pkix_OCSP_Nonce, -1);
  if (at < 0) return {};
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(OCSP_REQUEST_get_ext(request, at));
  const auto size = static_cast<size_t>(ASN1_STRING_length(value));
  if (size == 0 || size > kNonce)
    throw Error(ErrorKind::usage, "the OCSP request has a nonce of no length that is taken");
  return to_bytes(ByteView(ASN1_STRING_get0_data(value), size));
}

/// SingleResponse (4.2.1).
Bytes single(const OcspAnswer& answer, const OcspResponsePlan& plan) {
  Bytes state;
  switch (answer.state) {
    case OcspAnswer::State::good:
      state = der::value(0x80, {});
      break;
    case OcspAnswer::State::revoked: {
      const Bytes code = der::value(der::kEnumerated, {Bytes{static_cast<uint8_t>(answer.reason)}});
      const Bytes reason = answer.reason == RevocationReason::unspecified ? Bytes() : der::tagged(0, {code});
      state = der::tagged(1, {der::generalized_time(answer.revoked_at), reason});
      break;
    }
    case OcspAnswer::State::unknown:
      state = der::value(0x82, {});
      break;
  }
  return der::sequence({answer.id, state, der::generalized_time(plan.produced_at),
                        der::tagged(0, {der::generalized_time(plan.next_update)})});
}

}  // namespace

OcspRequest read_ocsp_request(ByteView bytes) {
  const RequestPtr request = request_of(bytes);
  const int count = OCSP_request_onereq_count(request.get());
  if (count <= 0 || static_cast<size_t>(count) > kQuestions) {
    throw Error(ErrorKind::usage, "the OCSP request asks about " + std::to_string(std::max(count, 0)) +
                                      " certificates; 1 to 100 are answered");
  }
  check_extensions(request.get());
  OcspRequest out;
  out.nonce = nonce_of(request.get());
  for (int i = 0; i < count; ++i) {
    OCSP_CERTID* id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request.get(), i));
    ASN1_INTEGER* serial = nullptr;  // borrowed, as all OCSP_id_get0_info gives
    if (OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id) != 1) raise_openssl("reading a CertID");
    out.questions.push_back({der_of(id, i2d_OCSP_CERTID), number_of(serial)});
  }
  return out;
}

Bytes ocsp_request_in(std::string_view path) {
  const auto refuse = [] { throw Error(ErrorKind::usage, "the path of the request is no OCSP request in base64"); };
  std::string text;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '%') {
      text += path[at];
      continue;
    }
    Bytes byte;
    try {
      byte = from_hex(path.substr(at + 1, 2));
    } catch (const Error&) {
      refuse();
    }
    if (byte.size() != 1) refuse();
    text += static_cast<char>(byte.front());
    at += 2;
  }
  // Padding may be left out; '=' anywhere else is none, and OpenSSL would read it as zeros.
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.pop_back();
  const size_t missing = (4 - text.size() % 4) % 4;
  if (text.empty() || missing == 3 || text.find_first_of("= \t\r\n") != std::string::npos) refuse();
  text.append(missing, '=');
  Bytes out(text.size() / 4 * 3);
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  const int size = EVP_DecodeBlock(out.data(), from, static_cast<int>(text.size()));
  ERR_clear_error();
  if (size < 0) refuse();
  out.resize(static_cast<size_t>(size) - missing);
  return out;
}

bool is_about(const OcspQuestion& question, ByteView authority_certificate) {
  const CertificatePtr authority = certificate_of(authority_certificate);
  const uint8_t* at = question.id.data();
  const CertIdPtr id(d2i_OCSP_CERTID(nullptr, &at, static_cast<long>(question.id.size())));
  ASN1_OBJECT* algorithm = nullptr;
  ERR_clear_error();
  if (!id || OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, id.get()) != 1) return false;
  const int nid = OBJ_obj2nid(algorithm);
  if (nid != NID_sha1 && nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512) return false;
  const CertIdPtr ours(OCSP_cert_id_new(EVP_get_digestbynid(nid), X509_get_subject_name(authority.get()),
                                        X509_get0_pubkey_bitstr(authority.get()), nullptr));
  const bool same = ours && OCSP_id_issuer_cmp(id.get(), ours.get()) == 0;
  ERR_clear_error();
  return same;
}

Bytes ocsp_failure(OcspFailure why) {
  return der::sequence({der::value(der::kEnumerated, {Bytes{static_cast<uint8_t>(why)}})});
}

Bytes sign_ocsp_response(const Authority& signer, const OcspResponsePlan& plan) {
  const CertificatePtr certificate = certificate_of(signer.certificate);
  const Bytes public_key = public_key_info(*signer.key);
  if (public_key != der_of(X509_get_X509_PUBKEY(certificate.get()), i2d_X509_PUBKEY)) {
    throw Error(ErrorKind::usage, "the responder's certificate is of another key than the one that was named");
  }
  Bytes answers;
  for (const OcspAnswer& one : plan.answers) append(answers, single(one, plan));
  // byKey [2]: the same whatever the signer is called.
  const Bytes responder = der::tagged(2, {der::octet_string({key_identifier(public_key)})});
  Bytes extensions;
  if (plan.nonce) {
    extensions = der::tagged(1, {der::sequence({extension(NID_id_pkix_OCSP_Nonce, false, *plan.nonce)})});
  }
  const Bytes tbs =
      der::sequence({responder, der::generalized_time(plan.produced_at), der::sequence({answers}), extensions});
  const Bytes certificates = der::tagged(0, {der::sequence({signer.certificate})});
  const Bytes basic = signed_value(tbs, *signer.key, certificates);
  const Bytes bytes = der::sequence({der::oid(NID_id_pkix_OCSP_basic), der::octet_string({basic})});
  return der::sequence({der::value(der::kEnumerated, {Bytes{0}}), der::tagged(0, {bytes})});
}

}  // namespace cw::crypto
