#include "service/device_door.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace cw::service {

namespace {

constexpr std::string_view kSeram = "/gp/seram/";
constexpr std::string_view kRam = "/gp/ram/";
constexpr std::string_view kSessionId = "sessionId=";
constexpr const char* kJson = "application/json";

struct Target {
  std::string_view path{};
  std::string_view query{};  // without '?'
};
Target target_of(std::string_view text) {
  const size_t mark = text.find('?');
  if (mark == std::string_view::npos) return {text, {}};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

/// The ticket among "a=b&sessionId=...", as it stands there: a ticket has nothing that would have to be escaped.
std::string session_id(std::string_view query) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    if (one.starts_with(kSessionId)) return std::string(one.substr(kSessionId.size()));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
  }
  return {};
}

net::ServerAnswer with_json(int status, std::string body) { return {status, {{"Content-Type", kJson}}, std::move(body)}; }

net::ServerAnswer told(int status, const std::string& message) {
  const nlohmann::json body = {{"error", {{"message", message}}}};
  return with_json(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// A ticket that opens nothing is a session that is not there; all else may be otherwise later.
net::ServerAnswer not_opened(const Error& error) {
  if (error.kind() == ErrorKind::usage) return told(404, error.message());
  net::ServerAnswer answer = told(error.kind() == ErrorKind::policy ? 403 : 503, error.message());
  if (answer.status == 503) answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

/// A reply that a request keeps until a session's thread has the answer.
std::shared_ptr<net::Reply> kept(net::Reply reply) { return std::make_shared<net::Reply>(std::move(reply)); }

}  // namespace

void DeviceDoor::handle(net::ServerRequest request, net::Reply reply) {
  const std::string text = request.target;
  const Target target = target_of(text);
  const bool seram = target.path.starts_with(kSeram);
  const bool ram = target.path.starts_with(kRam) && target.path.size() > kRam.size();
  if (!seram && !ram) return reply.send(told(404, "there is nothing at " + std::string(target.path.substr(0, 80))));
  if (request.method != "POST") {
    net::ServerAnswer answer = told(405, "a device calls with POST");
    answer.headers.emplace_back("Allow", "POST");
    return reply.send(std::move(answer));
  }
  try {
    if (ram) return ram_http(std::string(target.path.substr(kRam.size())), std::move(request), std::move(reply));
    const std::string ticket = session_id(target.query);
    const std::string_view what = target.path.substr(kSeram.size());
    if (ticket.empty()) return reply.send(told(400, "the request has no sessionId"));
    if (what == "handshake") return handshake(ticket, std::move(request), std::move(reply));
    if (what == "remoteManagement") return manage(ticket, std::move(request), std::move(reply));
  } catch (const Error& error) {
    return reply.send(told(error.kind() == ErrorKind::budget ? 503 : 400, error.message()));
  }
  reply.send(told(404, "SERAM has handshake and remoteManagement, and nothing else"));
}

uint32_t DeviceDoor::delay_of(const DeviceSession& session) const {
  constexpr int64_t kLongest = 60'000;
  const int64_t waits = session.waits().count();
  return static_cast<uint32_t>(waits > 0 ? std::min(waits, kLongest) : setup_.delay_ms);
}

template <class Exchange>
void DeviceDoor::turn(DeviceSession& session, Exchange& exchange, const Judged& judged) {
  DeviceDesk::Totals& totals = desk_.totals();
  const bool was_over = session.over();
  const auto lose = [&] {
    ++totals.lost;
    session.lost(judged.why);
    exchange.dropped();
  };
  switch (judged.what) {
    case Judged::What::reported:
      session.reported(judged.report);
      exchange.taken();
      break;
    case Judged::What::lost:
      lose();
      break;
    case Judged::What::foreign:
      // Of a session that a process before had, it says nothing about what is under way.
      ++totals.foreign;
      if (setup_.tell) setup_.tell(session.id(), judged.why);
      if (exchange.order() != nullptr) lose();
      break;
    case Judged::What::polled:
    case Judged::What::repeated:
      if (exchange.order() != nullptr) ++totals.repeated;
      break;
  }
  session.go_on();
  if (exchange.order() == nullptr && session.order()) {
    exchange.put(*session.order());
    ++totals.orders;
  }
  if (!session.over() || exchange.stopped()) return;
  exchange.stop();
  if (was_over) return;
  const engine::RunResult& result = session.result();
  ++(result.error ? totals.failed : totals.done);
  if (setup_.tell) setup_.tell(session.id(), result.error ? result.error->message() : "done");
}

void DeviceDoor::handshake(const std::string& ticket, net::ServerRequest request, net::Reply reply) {
  const SeramHandshake asked = read_seram_handshake(request.body);
  const std::optional<std::string> answer = answer_seram_handshake(asked);
  if (!answer) return reply.send(told(406, "this service speaks SERAM 2.0.0 over HTTPS, in application/json"));
  if (asked.elements.empty()) return reply.send(told(406, "the device has no secure element"));
  desk_.post(ticket, engine::Relay::goes_on,
             [reply = kept(std::move(reply)), answer = *answer, element = asked.elements.front()](
                 DeviceCall* call, const Error* error) {
               if (error != nullptr) return reply->send(not_opened(*error));
               call->seram.choose(element);
               reply->send(with_json(200, answer));
             });
}

void DeviceDoor::manage(const std::string& ticket, net::ServerRequest request, net::Reply reply) {
  const SeramReport report = read_seram_report(request.body);
  desk_.post(ticket, engine::Relay::goes_on,
             [this, reply = kept(std::move(reply)), report](DeviceCall* call, const Error* error) {
               if (error != nullptr) return reply->send(not_opened(*error));
               turn(call->session, call->seram, call->seram.judge(report));
               const uint32_t delay = call->seram.order() != nullptr ? 0 : delay_of(call->session);
               reply->send(with_json(200, call->seram.answer(delay)));
             });
}

void DeviceDoor::ram_http(const std::string& ticket, net::ServerRequest request, net::Reply reply) {
  const RamHttpRequest asked = read_ram_http(request.target, request.headers, request.body);
  desk_.post(ticket, engine::Relay::stops,
             [this, reply = kept(std::move(reply)), asked, path = std::string(kRam) + ticket](DeviceCall* call,
                                                                                            const Error* error) {
               if (error != nullptr) return reply->send(not_opened(*error));
               turn(call->session, call->ram_http, call->ram_http.judge(asked));
               reply->send(call->ram_http.answer(path, (delay_of(call->session) + 999) / 1000));
             });
}

}  // namespace cw::service
