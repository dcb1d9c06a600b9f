#include "engine/local_outside.h"

#include <chrono>
#include <random>

#include "crypto/digest.h"

namespace cw::engine {

namespace {

/// Asks the gate about a request of each kind.
struct Admission {
  Gate& gate;
  const CardSession& session;
  const Director& director;

  void operator()(const host::Exchange& request) const {
    gate.admit(request, session.channel(request.channel));
    gate.admit_keys(request);
  }
  void operator()(const host::OpenChannel& request) const { gate.admit(request); }
  void operator()(const host::HttpCall& request) const { gate.admit(request); }
  void operator()(const host::Deliver& request) const { gate.admit(request.call); }
  void operator()(const host::Reset&) const {}
  void operator()(const host::CloseChannel&) const {}
  void operator()(const host::Wait&) const {}
  void operator()(const host::Direction&) const { admit_direction(director); }
};

struct Performance {
  CardSession& session;
  const HttpTransport& http;
  const Outgoing& outgoing;
  const Director& director;
  Evidence& evidence;

  template <class Request>
  host::Reply operator()(const Request& request) const {
    return session.perform(request);
  }
  host::Reply operator()(const host::HttpCall& request) const {
    if (!http) throw Error(ErrorKind::http, "this program was started without a network");
    evidence.before_sending();
    return http(request);
  }
  host::Reply operator()(const host::Deliver& parcel) const {
    outgoing(parcel);
    return host::HandedOver{};
  }
  host::Reply operator()(const host::Wait&) const { return host::Waited{}; }
  host::Reply operator()(const host::Direction& direction) const {
    host::DirectionDone done = director(direction);
    if (done.card_used) session.forget();
    return done;
  }
};

}  // namespace

void admit_direction(const Director& director) {
  if (director) return;
  throw Error(ErrorKind::usage,
              "only a scenario has a stage, and this is a flow; scenarios are run by cardwright test");
}

Inputs Inputs::real() {
  return {[] {
            using namespace std::chrono;
            return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
          },
          [](size_t count) { return crypto::random_bytes(count); }};
}

Inputs Inputs::repeatable(uint64_t seed) {
  auto clock = std::make_shared<int64_t>(1'767'225'600'000);
  auto numbers = std::make_shared<std::mt19937_64>(seed);
  return {[clock] { return (*clock)++; },
          [numbers](size_t count) {
            Bytes out(count);
            for (uint8_t& byte : out) byte = static_cast<uint8_t>((*numbers)() >> 56);
            return out;
          }};
}

LocalOutside::LocalOutside(const Setup& setup)
    : setup_(setup),
      session_(setup.reader, setup.custody, setup.gate, setup.budgets, setup.observer, setup.evidence, setup.key_watch,
               setup.traits) {}

Bytes LocalOutside::reset() { return session_.perform(host::Reset{}).atr; }

template <class Ask>
void LocalOutside::admit(const Ask& ask) {
  try {
    ask();
  } catch (const Error& error) {
    const bool refused = error.kind() == ErrorKind::policy || error.kind() == ErrorKind::budget;
    if (refused) setup_.evidence.refused(setup_.gate.refusal());
    throw;
  }
}

void LocalOutside::submit(host::Request request) {
  admit([&] { std::visit(Admission{setup_.gate, session_, setup_.director}, request); });
  request_ = std::move(request);
}

host::KeyInfo LocalOutside::key_info(const std::string& set) {
  admit([&] { setup_.gate.admit_key(set); });
  return setup_.custody.info(set);
}

host::Reply LocalOutside::carry_out() {
  try {
    return std::visit(Performance{session_, setup_.http, setup_.outgoing, setup_.director, setup_.evidence}, *request_);
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace cw::engine
