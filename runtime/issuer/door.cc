#include "issuer/door.h"

#include "base/log.h"
#include "delays_private.h"
#include "issuer/signatures.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

constexpr const char* kJson = "application/json; charset=utf-8";

net::ServerAnswer json_answer(int status, std::string body) {
  return {status, {{"Content-Type", kJson}}, std::move(body)};
}

Answer abnormal(std::string message) {
  Answer out;
  out.code = Code::abnormal;
  out.message = std::move(message);
  return out;
}

}  // namespace

Door::Door(const Configuration& configuration, Desk& desk, Faults& faults, const crypto::KeyStore& keys, Clock clock)
    : configuration_(configuration),
      desk_(desk),
      faults_(faults),
      signatures_(std::make_unique<Signatures>(keys, std::move(clock))),
      delays_(std::make_unique<Delays>()) {}

Door::~Door() = default;

Door::Asked Door::read(const net::ServerRequest& request) {
  const auto asked = [&](const char* call, auto message, auto answer) {
    Asked out{call, message.tenant, std::move(message.signature), {}};
    out.answer = [this, message = std::move(message), answer](const Tenant& tenant) {
      return (desk_.*answer)(tenant, message);
    };
    return out;
  };
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/sei/v1/ssd") return asked("ssd", parse_ssd_request(request.body), &Desk::ssd);
  if (path == "/sei/v1/commands") return asked("commands", parse_commands_request(request.body), &Desk::commands);
  if (path == "/sei/v1/token") return asked("token", parse_token_request(request.body), &Desk::token);
  if (path == "/sei/v1/receipts") return asked("receipts", parse_receipts_request(request.body), &Desk::receipts);
  if (path == "/sei/v1/keys") return asked("resend", parse_keys_request(request.body), &Desk::keys);
  return {};
}

void Door::handle(net::ServerRequest request, net::Reply reply) {
  const auto refuse = [&](int status, const std::string& why) {
    log::warn("refused " + request.peer.address + ": " + why);
    reply.send(json_answer(status, to_json(abnormal(why), configuration_.number_codes)));
  };
  const auto& certificate = request.peer.certificate;
  bool known = !configuration_.tls;
  for (const Tenant& one : configuration_.tenants)
    known = known || (certificate && one.subject == certificate->subject);
  if (!known) return refuse(403, "your certificate is no tenant's");
  Asked asked;
  try {
    asked = read(request);
  } catch (const Error& error) {
    return refuse(400, "cannot read the message: " + error.message());
  }
  if (!asked.answer) return refuse(404, "there is no such path; see /sei/v1/ssd, /sei/v1/commands, /sei/v1/token");
  if (request.method != "POST") return refuse(405, "only POST is answered here");

  const Tenant* tenant = configuration_.tenant(asked.tenant);
  if (tenant != nullptr && configuration_.tls && tenant->subject != certificate->subject) tenant = nullptr;
  if (tenant == nullptr) {
    log::warn("refused " + request.peer.address + ": it calls itself " + shown(asked.tenant));
    return send(std::move(reply), asked.call, abnormal("tenantId " + shown(asked.tenant) + " is not yours"));
  }
  try {
    signatures_->check(*tenant, asked.signature);
  } catch (const Error& error) {
    return send(std::move(reply), asked.call, abnormal(error.message()));
  }
  send(std::move(reply), asked.call, asked.answer(*tenant));
}

void Door::send(net::Reply reply, const char* call, Answer answer) {
  if (faults_.take(FaultKind::wrong_code, call)) answer = abnormal("a fault that was asked for");
  if (faults_.take(FaultKind::other_task, call)) answer.task = std::string(32, '0');
  // What the tables have in every answer.
  const std::string_view kind = call;
  if (kind == "token" && !answer.tokens) answer.tokens.emplace();
  if ((kind == "ssd" || kind == "commands") && !answer.apdus) answer.apdus.emplace();
  std::string body = to_json(answer, configuration_.number_codes);
  if (faults_.take(FaultKind::garbled, call)) body.resize(body.size() / 2);
  if (faults_.take(FaultKind::lost, call)) return delays_->lose(std::move(reply));
  if (const auto late = faults_.take(FaultKind::late, call)) {
    return delays_->send(std::move(reply), json_answer(200, std::move(body)),
                         std::chrono::milliseconds(late->milliseconds));
  }
  reply.send(json_answer(200, std::move(body)));
}

}  // namespace cw::issuer
