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
      certificate_(certificates.find(certificates.authority(setup_.authority).serial).der),
      responder_(find_responder()) {
  crypto::sign_ocsp_response(*responder_, {setup_.now() / 1000, setup_.now() / 1000 + 1, {}, {}});
}

std::shared_ptr<const crypto::Authority> OcspDoor::find_responder() const {
  auto out = std::make_shared<const crypto::Authority>(setup_.responder());
  const crypto::CertificateFacts facts = crypto::read_certificate(out->certificate);
  if (setup_.now() / 1000 <= facts.not_after) return out;
  throw Error(ErrorKind::usage, "the certificate of the responder, " + facts.subject +
                                    ", is out of date; renew it with cardwright ca renew " + facts.serial);
}

void OcspDoor::look_after_responder() {
  std::shared_ptr<const crypto::Authority> found;
  std::string problem;
  try {
    found = find_responder();
  } catch (const Error& error) {
    // The store is away: what was known stays, and no question can be answered meanwhile.
    if (error.kind() != ErrorKind::usage) return;
    problem = error.message();
  }
  const std::lock_guard lock(mutex_);
  if (!problem.empty() && problem != problem_) log::error("OCSP of " + setup_.authority + ": " + problem);
  if (problem.empty() && !problem_.empty()) log::info("OCSP of " + setup_.authority + " is answered again");
  responder_ = std::move(found);
  problem_ = std::move(problem);
}

std::shared_ptr<const crypto::Authority> OcspDoor::responder() const {
  const std::lock_guard lock(mutex_);
  return responder_;
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
  const auto signer = responder();
  if (!signer) return answer_of(200, kAnswer, crypto::ocsp_failure(crypto::OcspFailure::try_later));
  const int64_t now = setup_.now() / 1000;
  crypto::OcspResponsePlan plan{now, now + setup_.good_for_s, {}, request.nonce};
  for (const crypto::OcspQuestion& question : request.questions) plan.answers.push_back(state_of(question));
  return answer_of(200, kAnswer, crypto::sign_ocsp_response(*signer, plan));
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
