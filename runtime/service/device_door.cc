#include "service/device_door.h"

#include <algorithm>
#include <type_traits>

#include <nlohmann/json.hpp>

namespace cw::service {

namespace {

constexpr std::string_view kSeram = "/gp/seram/";
constexpr std::string_view kRam = "/gp/ram/";
constexpr const char* kJson = "application/json";

net::ServerAnswer with_json(int status, std::string body) {
  return {status, {{"Content-Type", kJson}}, std::move(body)};
}

net::ServerAnswer told(int status, const std::string& message) {
  const nlohmann::json body = {{"error", {{"message", message}}}};
  return with_json(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// What the device said is to be said again.
net::ServerAnswer not_taken() {
  net::ServerAnswer answer = told(503, "this session cannot be served now; call again later");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

/// A ticket that opens nothing is a session that is not there; all else may be otherwise later. What is the matter with
/// the service's files and rules is not told to a stranger.
net::ServerAnswer not_opened(const Error& error) {
  if (error.kind() == ErrorKind::usage) return told(404, "there is no such session");
  if (error.kind() == ErrorKind::policy) return told(403, "this run is not allowed");
  return not_taken();
}

/// Its journal could not be kept, and can go on with it.
bool left_by_store(const engine::RunResult& result) {
  return result.error && result.error->kind() == ErrorKind::store && result.can_resume;
}

/// The application on the device hears how it ended; what that means to it is its own. Amendment B has no word for it.
template <class Exchange>
void notify_end(Exchange& exchange, const DeviceSession& session) {
  if constexpr (std::is_same_v<Exchange, SeramExchange>) {
    exchange.notify("run/" + session.id() +
                    (!session.result().error ? "/done"
                     : session.is_left()     ? "/left"
                                             : "/failed"));
  }
}

uint64_t size_of(const std::vector<Bytes>& apdus) {
  uint64_t out = 0;
  for (const Bytes& each : apdus) out += each.size();
  return out;
}

}  // namespace

std::optional<engine::Relay> protocol_at(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path.starts_with(kSeram)) return engine::Relay::goes_on;
  if (path.starts_with(kRam) && path.size() > kRam.size()) return engine::Relay::stops;
  return {};
}

void DeviceDoor::handle(const net::ServerRequest& request, net::Reply given) {
  // Kept by whatever answers: here, or the session's thread.
  const auto reply = std::make_shared<net::Reply>(std::move(given));
  const std::optional<engine::Relay> relay = protocol_at(request.target);
  try {
    if (!relay) return reply->send(told(404, "there is nothing at this path"));
    const bool ram = *relay == engine::Relay::stops;
    const std::optional<SeramCall> seram = ram ? std::nullopt : seram_call(request.target);
    if (!ram && !seram) return reply->send(told(404, "there is nothing at this path"));
    if (request.method != "POST") {
      net::ServerAnswer answer = told(405, "a device calls with POST");
      answer.headers.emplace_back("Allow", "POST");
      return reply->send(std::move(answer));
    }
    if (ram) {
      const std::string path = request.target.substr(0, request.target.find('?'));
      return ram_http(path.substr(kRam.size()), request, reply);
    }
    if (seram->endpoint == SeramCall::Endpoint::handshake) {
      return handshake(seram->session, request, reply);
    }
    return manage(seram->session, request, reply);
  } catch (const Error& error) {
    const bool full = error.kind() == ErrorKind::budget;
    if (full) {
      desk_.counters().refuse(error.kind());
    } else {
      untaken(*relay, Untaken::unreadable);
    }
    if (setup_.tell) setup_.tell(request.peer.address, error.message());
    reply->send(told(full ? 503 : 400, error.message()));
  }
}

void DeviceDoor::untaken(engine::Relay relay, Untaken why) {
  ++desk_.counters().of(relay).untaken[static_cast<size_t>(why)];
}

void DeviceDoor::refuse(const std::string& from, net::Reply& reply, const Error& error) const {
  if (setup_.tell) setup_.tell(from, error.message());
  reply.send(not_opened(error));
}

/// Said once to the operator, however often the device asks.
void DeviceDoor::waits(const std::string& from, DeviceCall& call, const Error& error) {
  if (setup_.tell && call.waits_for != error.message()) setup_.tell(from, "a device waits: " + error.message());
  call.waits_for = error.message();
  ++desk_.counters().of(call.relay).waits;
}

uint32_t DeviceDoor::delay_of(const DeviceCall& call) const {
  constexpr int64_t kLongest = 60'000;
  const int64_t waits = call.session ? call.session->waits().count() : call.waits.count();
  return static_cast<uint32_t>(waits > 0 ? std::min(waits, kLongest) : setup_.delay_ms);
}

template <class Exchange>
void DeviceDoor::hear(DeviceCall& call, Exchange& exchange, const Judged& judged) {
  DeviceSession& session = *call.session;
  DeviceCounters::Protocol& count = desk_.counters().of(call.relay);
  const auto lose = [&] {
    ++count.orders_lost;
    session.lost(judged.why);
    exchange.dropped();
  };
  switch (judged.what) {
    case Judged::What::reported:
      ++count.reports;
      count.answer_bytes += size_of(judged.report.answers);
      session.reported(judged.report);
      exchange.taken();
      break;
    case Judged::What::lost:
      lose();
      break;
    case Judged::What::foreign:
      // Of a session that a process before had, it says nothing about what is under way.
      untaken(call.relay, Untaken::foreign);
      if (setup_.tell) setup_.tell(session.id(), judged.why);
      if (exchange.order() == nullptr) break;
      if (exchange.order()->once) {
        lose();
        break;
      }
      [[fallthrough]];
    case Judged::What::polled:
      if (exchange.order() == nullptr) break;
      ++count.orders_again;
      session.sent_again();
      break;
    case Judged::What::repeated:
      untaken(call.relay, Untaken::repeated);
      if (exchange.order() == nullptr) break;
      ++count.orders_again;
      exchange.unseen();
      break;
    case Judged::What::late:
      return;
  }
  session.keep(exchange.kept());
}

template <class Exchange>
bool DeviceDoor::order(DeviceCall& call, Exchange& exchange) {
  DeviceSession& session = *call.session;
  DeviceCounters::Protocol& count = desk_.counters().of(call.relay);
  if (exchange.order() == nullptr && session.order()) {
    exchange.put(*session.order());
    ++count.orders;
    count.command_bytes += size_of(exchange.order()->commands);
  }
  if (!session.over() || exchange.stopped()) return true;
  const engine::RunResult& result = session.result();
  if (setup_.tell) setup_.tell(session.id(), result.error ? result.error->message() : "done");
  exchange.dropped();
  if (left_by_store(result)) {
    call.session.reset();  // the device says it again, and then it is taken up
    ++count.waits;
    return false;
  }
  if (!session.is_left()) ++(result.error ? desk_.counters().runs_failed : desk_.counters().runs_done);
  notify_end(exchange, session);
  exchange.stop();
  return true;
}

void DeviceDoor::handshake(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply) {
  const SeramHandshake asked = read_seram_handshake(request.body);
  const std::optional<std::string> answer = answer_seram_handshake(asked);
  if (!answer) return reply->send(told(406, "this service speaks SERAM 2.0.0 over HTTPS, in application/json"));
  desk_.post(ticket, engine::Relay::goes_on,
             {[this, reply, from = request.peer.address, answer = *answer, element = asked.elements.front()](
                  DeviceCall* call, const Error* error) {
                if (call == nullptr) {
                  refuse(from, *reply, *error);
                  return false;
                }
                if (error != nullptr) waits(from, *call, *error);
                call->seram.choose(element);
                if (call->session) call->session->keep(call->seram.kept());
                reply->send(with_json(200, answer));
                return false;
              },
              {}});
}

void DeviceDoor::manage(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply) {
  const SeramReport report = read_seram_report(request.body);
  DeviceDesk::Work work;
  work.hear = [this, reply, from = request.peer.address, report](DeviceCall* call, const Error* error) {
    if (call == nullptr) {
      refuse(from, *reply, *error);
      return false;
    }
    if (error != nullptr) {
      waits(from, *call, *error);
      if (report.status != SeramReport::Status::polling) {  // it is not taken: the device is to report again
        reply->send(not_opened(*error));
        return false;
      }
      reply->send(with_json(200, SeramExchange::nothing(delay_of(*call))));
      return false;
    }
    if (reply->gone()) return false;  // it reports again
    Judged judged = call->seram.judge(report);
    if (judged.what == Judged::What::late && call->session->was_sent_again()) {
      // No copy, then: the device says so each time, and would do so without an end.
      judged.what = Judged::What::lost;
      judged.why = "the device reports fewer commands than it was sent, and no error";
    }
    if (judged.what == Judged::What::late) {
      untaken(call->relay, Untaken::late);
      reply->send(with_json(200, SeramExchange::nothing(setup_.delay_ms)));
      return false;
    }
    hear(*call, call->seram, judged);
    return true;
  };
  work.answer = [this, reply](DeviceCall& call) {
    if (!order(call, call.seram)) return reply->send(not_taken());
    const bool waits = call.seram.order() == nullptr && !call.seram.stopped();
    if (waits) ++desk_.counters().seram.waits;
    reply->send(with_json(200, call.seram.answer(waits ? delay_of(call) : 0)));
  };
  desk_.post(ticket, engine::Relay::goes_on, std::move(work));
}

void DeviceDoor::ram_http(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply) {
  const RamHttpRequest asked = read_ram_http(request.target, request.headers, request.body);
  const auto send = [this, reply, path = std::string(kRam) + ticket](DeviceCall& call) {
    reply->send(call.ram_http.answer(path, (delay_of(call) + 999) / 1000));
  };
  DeviceDesk::Work work;
  work.hear = [this, reply, from = request.peer.address, asked, send](DeviceCall* call, const Error* error) {
    if (call == nullptr) {
      refuse(from, *reply, *error);
      return false;
    }
    if (reply->gone()) return false;  // it reports again
    if (error != nullptr) {
      waits(from, *call, *error);
      if (asked.status) {
        reply->send(not_opened(*error));
      } else {
        send(*call);
      }
      return false;
    }
    hear(*call, call->ram_http, call->ram_http.judge(asked));
    return true;
  };
  work.answer = [this, reply, send](DeviceCall& call) {
    if (!order(call, call.ram_http)) return reply->send(not_taken());
    if (call.ram_http.order() == nullptr && !call.ram_http.stopped()) ++desk_.counters().ram_http.waits;
    send(call);
  };
  desk_.post(ticket, engine::Relay::stops, std::move(work));
}

}  // namespace cw::service
