#include "service/ocsp_door.h"

#include "base/error.h"
#include "base/hex.h"
#include "base/log.h"

namespace cw::service {

namespace {

constexpr const char* kAnswer = "application/ocsp-response";
constexpr const char* kQuestion = "application/ocsp-request";

net::ServerAnswer answer_of(int status, const char* type, ByteView body) {
  return {status, {{"Content-Type", type}, {"Cache-Control", "no-cache"}}, to_string(body)};
}

net::ServerAnswer text_answer(int status, const std::string& line) {
  return answer_of(status, "text/plain; charset=utf-8", view(line + "\n"));
}

}  // namespace

OcspDoor::OcspDoor(store::Certificates& certificates, OcspDoorSetup setup)
    : all_(certificates),
      setup_(std::move(setup)),
      certificate_(certificates.find(certificates.authority(setup_.authority).serial).der) {
  check_responder();
  crypto::sign_ocsp_response(setup_.responder, {setup_.now() / 1000, setup_.now() / 1000 + 1, {}, {}});
}

void OcspDoor::check_responder() const {
  const crypto::CertificateFacts facts = crypto::read_certificate(setup_.responder.certificate);
  if (setup_.now() / 1000 <= facts.not_after) return;
  throw Error(ErrorKind::store, "the certificate of the responder, " + facts.subject +
                                    ", is out of date; renew it with cardwright ca renew " + facts.serial);
}

void OcspDoor::handle(const net::ServerRequest& request, net::Reply reply) { reply.send(answer(request)); }

net::ServerAnswer OcspDoor::answer(const net::ServerRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  const bool get = request.method == "GET" || request.method == "HEAD";
  try {
    if (get && path == "/" + setup_.authority + ".crl") return list();
    if (get && path == "/" + setup_.authority + ".cer") {
      return answer_of(200, "application/pkix-cert", certificate_);
    }
    if (get && path.size() > 1) return ask(crypto::ocsp_request_in(std::string_view(path).substr(1)));
    if (request.method == "POST" && net::same_word(request.header("content-type"), kQuestion)) {
      return ask(view(request.body));
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::usage) {
      refused_ += 1;
      return answer_of(200, kAnswer, crypto::ocsp_failure(crypto::OcspFailure::malformed_request));
    }
    log::error("OCSP of " + setup_.authority + ": " + error.message());
    const bool later = error.kind() == ErrorKind::store;
    return answer_of(
        200, kAnswer,
        crypto::ocsp_failure(later ? crypto::OcspFailure::try_later : crypto::OcspFailure::internal_error));
  }
  if (request.method == "POST") return text_answer(415, std::string("send Content-Type: ") + kQuestion);
  if (get) return text_answer(404, "here are /" + setup_.authority + ".crl, /" + setup_.authority + ".cer, and OCSP");
  return text_answer(405, "GET or POST");
}

net::ServerAnswer OcspDoor::list() {
  const store::CertificateAuthority authority = all_.authority(setup_.authority);
  if (!authority.list) return text_answer(404, "there is no revocation list yet; cardwright ca crl signs one");
  return answer_of(200, "application/pkix-crl", *authority.list);
}

net::ServerAnswer OcspDoor::ask(ByteView bytes) {
  const crypto::OcspRequest request = crypto::read_ocsp_request(bytes);
  check_responder();
  const int64_t now = setup_.now() / 1000;
  crypto::OcspResponsePlan plan{now, now + setup_.good_for_s, {}, request.nonce};
  for (const crypto::OcspQuestion& question : request.questions) plan.answers.push_back(state_of(question));
  return answer_of(200, kAnswer, crypto::sign_ocsp_response(setup_.responder, plan));
}

crypto::OcspAnswer OcspDoor::state_of(const crypto::OcspQuestion& question) {
  using State = crypto::OcspAnswer::State;
  crypto::OcspAnswer out{question.id};
  const auto found =
      crypto::is_about(question, certificate_) ? all_.look_up(setup_.authority, to_hex(question.serial)) : std::nullopt;
  if (found && found->revoked != 0) {
    out.state = State::revoked;
    out.revoked_at = found->revoked / 1000;
    out.reason = crypto::revocation_reason(found->reason);
  } else if (found) {
    out.state = State::good;
  }
  (out.state == State::good ? good_ : out.state == State::revoked ? revoked_ : unknown_) += 1;
  return out;
}

OcspDoor::Counters OcspDoor::counters() const { return {good_, revoked_, unknown_, refused_}; }

}  // namespace cw::service
