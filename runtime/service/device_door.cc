#include "service/device_door.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace cw::service {

namespace {

constexpr std::string_view kRam = "/gp/ram/";
constexpr const char* kJson = "application/json";

net::ServerAnswer with_json(int status, std::string body) {
  return {status, {{"Content-Type", kJson}}, std::move(body)};
}

net::ServerAnswer told(int status, const std::string& message) {
  const nlohmann::json body = {{"error", {{"message", message}}}};
  return with_json(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// A ticket that opens nothing is a session that is not there; all else may be otherwise later. What is the matter with
/// the service's files and rules is not told to a stranger.
net::ServerAnswer not_opened(const Error& error) {
  if (error.kind() == ErrorKind::usage) return told(404, "there is no such session");
  if (error.kind() == ErrorKind::policy) return told(403, "this run is not allowed");
  net::ServerAnswer answer = told(503, "this session cannot be served now; call again later");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

}  // namespace

void DeviceDoor::handle(const net::ServerRequest& request, net::Reply given) {
  // Kept by whatever answers: here, or the session's thread.
  const auto reply = std::make_shared<net::Reply>(std::move(given));
  try {
    const std::string path = request.target.substr(0, request.target.find('?'));
    const bool ram = path.starts_with(kRam) && path.size() > kRam.size();
    const std::optional<SeramCall> seram = ram ? std::nullopt : seram_call(request.target);
    if (!ram && !seram) return reply->send(told(404, "there is nothing at this path"));
    if (request.method != "POST") {
      net::ServerAnswer answer = told(405, "a device calls with POST");
      answer.headers.emplace_back("Allow", "POST");
      return reply->send(std::move(answer));
    }
    if (ram) return ram_http(path.substr(kRam.size()), request, reply);
    if (seram->endpoint == SeramCall::Endpoint::handshake) {
      return handshake(seram->session, request, reply);
    }
    return manage(seram->session, request, reply);
  } catch (const Error& error) {
    if (setup_.tell) setup_.tell(request.peer.address, error.message());
    reply->send(told(error.kind() == ErrorKind::budget ? 503 : 400, error.message()));
  }
}

void DeviceDoor::refuse(const std::string& from, net::Reply& reply, const Error& error) const {
  if (setup_.tell) setup_.tell(from, error.message());
  reply.send(not_opened(error));
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
      if (exchange.order() == nullptr) break;
      if (exchange.order()->once) {
        lose();
        break;
      }
      [[fallthrough]];
    case Judged::What::polled:
      if (exchange.order() == nullptr) break;
      ++totals.repeated;
      session.sent_again();
      break;
    case Judged::What::repeated:
      if (exchange.order() == nullptr) break;
      ++totals.repeated;
      exchange.unseen();
      break;
    case Judged::What::late:
      return;
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

void DeviceDoor::handshake(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply) {
  const SeramHandshake asked = read_seram_handshake(request.body);
  const std::optional<std::string> answer = answer_seram_handshake(asked);
  if (!answer) return reply->send(told(406, "this service speaks SERAM 2.0.0 over HTTPS, in application/json"));
  desk_.post(ticket, engine::Relay::goes_on,
             [this, reply, from = request.peer.address, answer = *answer, element = asked.elements.front()](
                 DeviceCall* call, const Error* error) {
               if (error != nullptr) return refuse(from, *reply, *error);
               call->seram.choose(element);
               reply->send(with_json(200, answer));
             });
}

void DeviceDoor::manage(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply) {
  const SeramReport report = read_seram_report(request.body);
  desk_.post(ticket, engine::Relay::goes_on,
             [this, reply, from = request.peer.address, report](DeviceCall* call, const Error* error) {
               if (error != nullptr) return refuse(from, *reply, *error);
               if (reply->gone()) return;  // it reports again
               Judged judged = call->seram.judge(report);
               if (judged.what == Judged::What::late && call->session.was_sent_again()) {
                 // No copy, then: the device says so each time, and would do so without an end.
                 judged.what = Judged::What::lost;
                 judged.why = "the device reports fewer commands than it was sent, and no error";
               }
               if (judged.what == Judged::What::late) {
                 return reply->send(with_json(200, SeramExchange::nothing(setup_.delay_ms)));
               }
               turn(call->session, call->seram, judged);
               const uint32_t delay = call->seram.order() != nullptr ? 0 : delay_of(call->session);
               reply->send(with_json(200, call->seram.answer(delay)));
             });
}

void DeviceDoor::ram_http(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply) {
  const RamHttpRequest asked = read_ram_http(request.target, request.headers, request.body);
  desk_.post(ticket, engine::Relay::stops,
             [this, reply, from = request.peer.address, asked, path = std::string(kRam) + ticket](DeviceCall* call,
                                                                                                  const Error* error) {
               if (error != nullptr) return refuse(from, *reply, *error);
               if (reply->gone()) return;  // it reports again
               turn(call->session, call->ram_http, call->ram_http.judge(asked));
               reply->send(call->ram_http.answer(path, (delay_of(call->session) + 999) / 1000));
             });
}

}  // namespace cw::service
