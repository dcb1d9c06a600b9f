#include "engine/local_outside.h"

#include <chrono>
#include <random>
#include <utility>

#include "base/overloaded.h"
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
  void operator()(const host::OpenChannel& request) const {
    for (const host::Exchange& ahead : request.before) (*this)(ahead);
    gate.admit(request);
  }
  void operator()(const host::HttpCall& request) const { gate.admit(request); }
  void operator()(const host::Deliver& request) const { gate.admit(request.call); }
  void operator()(const host::Reset&) const {}
  void operator()(const host::CloseChannel&) const {}
  void operator()(const host::Wait&) const {}
  void operator()(const host::Direction&) const { admit_direction(director); }
};

bool is_for_card(const host::Request& request) {
  return std::holds_alternative<host::Exchange>(request) || std::holds_alternative<host::OpenChannel>(request) ||
         std::holds_alternative<host::Reset>(request) || std::holds_alternative<host::CloseChannel>(request);
}

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
      session_({setup.reader, setup.relay, setup.expected_card, setup.custody, setup.gate, setup.budgets,
                setup.observer, setup.evidence, setup.key_watch, setup.traits}) {}

Bytes LocalOutside::reset() {
  if (setup_.reader == nullptr) throw Error(ErrorKind::reader, "the device was not asked for its card yet");
  return std::get<host::ResetDone>(session_.perform(host::Reset{})).atr;
}

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
  begun_ = false;
  failed_.reset();
}

host::KeyInfo LocalOutside::key_info(const std::string& set) {
  admit([&] { setup_.gate.admit_key(set); });
  return setup_.custody.info(set);
}

bool LocalOutside::verifies(const std::string& key, ByteView message, ByteView signature) {
  admit([&] { setup_.gate.admit_key(key); });
  const auto found = setup_.custody.signing_key(key, crypto::SigningUse::receipt);
  setup_.evidence.key_used(key);
  return found->verify(message, signature);
}

Bytes LocalOutside::sign(const std::string& key, ByteView message) {
  admit([&] { setup_.gate.admit_key(key); });
  const auto found = setup_.custody.signing_key(key, crypto::SigningUse::message);
  setup_.evidence.key_used(key);
  return found->sign(message);
}

host::KeyInfo LocalOutside::unwrap(const host::WrappedKeys& keys) {
  admit([&] { setup_.gate.admit(keys); });
  try {
    host::KeyInfo info = setup_.custody.unwrap(keys);
    setup_.evidence.keys_unwrapped(keys, nullptr);
    return info;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::store) setup_.evidence.keys_unwrapped(keys, &error);
    throw;
  }
}

const Order* LocalOutside::order() {
  if (setup_.reader != nullptr || !is_for_card(*request_)) return nullptr;
  try {
    if (!std::exchange(begun_, true)) session_.begin(*request_);
  } catch (const Error& error) {
    failed_ = error;
  }
  return failed_ ? nullptr : session_.order();
}

void LocalOutside::answered(const Report& report) {
  try {
    session_.answered(report);
  } catch (const Error& error) {
    failed_ = error;
  }
}

host::Reply LocalOutside::carry_out() {
  try {
    return std::visit(Overloaded{
                          [&](const host::HttpCall& call) -> host::Reply {
                            if (!setup_.http)
                              throw Error(ErrorKind::http, "this program was started without a network");
                            setup_.evidence.before_sending();
                            host::HttpReply reply = setup_.http(call);
                            setup_.gate.replied(call, reply);
                            return reply;
                          },
                          [&](const host::Deliver& parcel) -> host::Reply {
                            setup_.outgoing(parcel);
                            return host::HandedOver{};
                          },
                          [](const host::Wait&) -> host::Reply { return host::Waited{}; },
                          [&](const host::Direction& direction) -> host::Reply {
                            host::DirectionDone done = setup_.director(direction);
                            if (done.card_used) session_.forget();
                            return done;
                          },
                          [&](const auto& /*for the card*/) -> host::Reply {
                            if (setup_.reader != nullptr) return session_.perform(*request_);
                            if (order() != nullptr) throw Error(ErrorKind::internal, "the device was not asked");
                            if (failed_) throw *failed_;
                            return session_.take_reply();
                          },
                      },
                      *request_);
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace cw::engine
