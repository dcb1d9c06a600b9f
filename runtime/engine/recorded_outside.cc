#include "engine/recorded_outside.h"

#include <utility>

#include "card/apdu.h"
#include "engine/recording_text.h"
#include "gp/commands.h"

namespace cw::engine {

namespace {

using std::chrono::nanoseconds;

host::Answer answer_of(const RecordedAnswer& recorded) {
  if (const auto* left_out = std::get_if<LeftOut>(&recorded.data)) return {Bytes(left_out->size), recorded.sw};
  return {std::get<Bytes>(recorded.data), recorded.sw};
}

/// What came back, of the kind that the parser allows for this request, or the error that was raised.
template <class Kept>
const Kept& kept(const RecordedLine& line) {
  if (const auto* error = std::get_if<Error>(&line.reply)) throw *error;
  return std::get<Kept>(line.reply);
}

}  // namespace

Bytes RecordedOutside::reset() {
  card_ = after_reset();
  const Bytes atr = kept<Bytes>(setup_.replay.take(request_text(host::Reset{})));
  setup_.observer.card_reset(atr);
  return atr;
}

void RecordedOutside::admit(const host::Request& request) {
  const auto admit_plan = [&](const host::Exchange& exchange) {
    setup_.gate.admit(exchange, card_.facts(exchange.channel));
    setup_.gate.admit_keys(exchange);
  };
  if (const auto* exchange = std::get_if<host::Exchange>(&request)) admit_plan(*exchange);
  if (const auto* opening = std::get_if<host::OpenChannel>(&request)) {
    for (const host::Exchange& ahead : opening->before) admit_plan(ahead);
    setup_.gate.admit(*opening);
  }
  if (const auto* http = std::get_if<host::HttpCall>(&request)) setup_.gate.admit(*http);
  if (const auto* parcel = std::get_if<host::Deliver>(&request)) setup_.gate.admit(parcel->call);
  if (std::holds_alternative<host::Direction>(request)) admit_direction(setup_.director);
}

void RecordedOutside::submit(host::Request request) {
  if (const Error* difference = setup_.replay.difference()) throw *difference;
  admit(request);
  request_ = std::move(request);
  reply_.reset();
  // A stage acts when it is its turn; all else is compared before anybody waits.
  if (std::holds_alternative<host::Direction>(*request_)) return;
  if (setup_.plays_backends && is_for_backend(*request_)) return;
  reply_ = std::visit([this](const auto& one) { return reply_to(one); }, *request_);
}

host::Reply RecordedOutside::carry_out() {
  if (reply_) return std::move(*std::exchange(reply_, {}));
  try {
    return reply_to(std::get<host::Direction>(*request_));
  } catch (const Error& error) {
    return error;
  }
}

/// Ids of channels are not given twice in an attempt.
CardState RecordedOutside::after_reset() const {
  CardState out;
  out.last = card_.last;
  return out;
}

host::Reply RecordedOutside::reply_to(const host::Reset&) {
  card_ = after_reset();
  const RecordedLine& line = setup_.replay.take(request_text(host::Reset{}));
  if (const auto* error = std::get_if<Error>(&line.reply)) return *error;
  host::ResetDone done{std::get<Bytes>(line.reply)};
  setup_.observer.card_reset(done.atr);
  return done;
}

host::Reply RecordedOutside::reply_to(const host::Exchange& request) { return reply_to_plan(request, false); }

host::Reply RecordedOutside::reply_to_plan(const host::Exchange& request, bool may_be_unsent) {
  host::Answers out;
  std::optional<Error> failed;
  for (size_t i = 0; i < request.plan.size(); ++i) {
    const host::Command& command = request.plan[i];
    const RecordedLine& line = setup_.replay.take(command_text(request, i));
    if (const auto* error = std::get_if<Error>(&line.reply)) failed = *error;
    const bool unsent = i == 0 && std::holds_alternative<NoAnswer>(line.reply);
    if (unsent && !may_be_unsent)
      setup_.replay.differ(line.line, "this was not sent, and the flow waits for its answer");
    const auto* answer = std::get_if<RecordedAnswer>(&line.reply);
    if (answer == nullptr) continue;
    out.answers.push_back(answer_of(*answer));
    setup_.observer.exchanged(command, request.channel, out.answers.back(), nanoseconds(0));
    card_.answered(command, out.answers.back());
  }
  if (setup_.replay.more()) setup_.replay.take("the end of a plan of " + std::to_string(request.plan.size()));
  if (!failed) return out;
  card_.lost(request);  // as the answer is lost, so is the channel
  return *failed;
}

host::Reply RecordedOutside::reply_to(const host::OpenChannel& request) {
  std::vector<host::Answers> before;
  std::optional<Error> lost;
  for (const host::Exchange& ahead : request.before) {
    host::Reply reply = reply_to_plan(ahead, true);
    if (const auto* error = std::get_if<Error>(&reply)) {
      lost = *error;
    } else {
      before.push_back(std::get<host::Answers>(std::move(reply)));
    }
  }
  const RecordedLine& line = setup_.replay.take(request_text(request));
  if (lost) {
    for (const host::Exchange& ahead : request.before) card_.lost(ahead);
    card_.close_on(request.logical_channel);
    return *lost;
  }
  host::ChannelOpened opened;
  if (!std::holds_alternative<NoAnswer>(line.reply)) {
    card_.close_on(request.logical_channel);
    show_handshake(request, line.reply);
    const auto* error = std::get_if<Error>(&line.reply);
    if (error != nullptr && before.empty()) return *error;
    if (error != nullptr) {
      opened.refused = *error;
    } else {
      opened = std::get<host::ChannelOpened>(line.reply);
      setup_.gate.admit_protocol(opened.scp, request.level);
      card_.opened(request, opened);
      host::OpenChannel shown = request;
      if (!opened.keys.empty()) shown.keys = opened.keys;
      setup_.observer.channel_opened(shown, opened, nanoseconds(0));
    }
  }
  opened.before = std::move(before);
  return opened;
}

/// The two commands that open a channel lie below the recording; those who follow the run see that they were sent.
void RecordedOutside::show_handshake(const host::OpenChannel& request, const RecordedReply& reply) {
  const auto* opened = std::get_if<host::ChannelOpened>(&reply);
  const uint8_t version = opened != nullptr ? opened->key_version : request.key_version;
  host::Command commands[] = {host::command_of(gp::initialize_update(version, 0, Bytes(8))),
                              {.cla = 0x84, .ins = 0x82, .p1 = request.level}};
  const std::vector<uint16_t> status = handshake(reply);
  for (size_t i = 0; i < status.size(); ++i) {
    commands[i].cla = card::with_channel(commands[i].cla, request.logical_channel);
    commands[i].data = host::Data();
    setup_.observer.exchanged(commands[i], 0, {{}, status[i]}, nanoseconds(0));
  }
}

host::Reply RecordedOutside::reply_to(const host::CloseChannel& request) {
  setup_.replay.take(request_text(request));
  card_.channels.erase(request.channel);
  return host::ChannelClosed{};
}

host::Reply RecordedOutside::reply_to(const host::HttpCall& request) {
  const RecordedLine& line = setup_.replay.take(request_text(request, setup_.replay.head().all_answers));
  if (const auto* error = std::get_if<Error>(&line.reply)) return *error;
  if (const auto* reply = std::get_if<host::HttpReply>(&line.reply)) {
    setup_.gate.replied(request, *reply);
    return *reply;
  }
  setup_.replay.differ(line.line,
                       "the reply of the backend was left out of this recording; to replay calls of backends, record "
                       "with --record-answers");
}

host::Reply RecordedOutside::reply_to(const host::Deliver& request) {
  const RecordedLine& line = setup_.replay.take(request_text(request, setup_.replay.head().all_answers));
  if (const auto* error = std::get_if<Error>(&line.reply)) return *error;
  return host::HandedOver{};
}

host::Reply RecordedOutside::reply_to(const host::Wait& request) {
  setup_.replay.take(request_text(request));
  return host::Waited{};
}

host::Reply RecordedOutside::reply_to(const host::Direction& request) {
  host::DirectionDone done = setup_.director(request);
  if (done.card_used) card_ = after_reset();
  return done;
}

int64_t RecordedOutside::now() { return kept<int64_t>(setup_.replay.take("time")); }

Bytes RecordedOutside::random(size_t count) {
  const RecordedLine& line = setup_.replay.take(random_text(count));
  Bytes bytes = kept<Bytes>(line);
  if (bytes.size() != count)
    setup_.replay.differ(line.line, "the recording has other than " + std::to_string(count) + " bytes");
  return bytes;
}

host::KeyInfo RecordedOutside::key_info(const std::string& set) {
  setup_.gate.admit_key(set);
  return kept<host::KeyInfo>(setup_.replay.take(keys_text(set)));
}

bool RecordedOutside::verifies(const std::string& key, ByteView message, ByteView signature) {
  setup_.gate.admit_key(key);
  return kept<int64_t>(setup_.replay.take(verifies_text(key, message, signature))) != 0;
}

Bytes RecordedOutside::sign(const std::string& key, ByteView message) {
  setup_.gate.admit_key(key);
  return kept<Bytes>(setup_.replay.take(sign_text(key, message)));
}

std::vector<host::DomainRecord> RecordedOutside::domains(const std::optional<host::DomainRecord>& put) {
  return kept<RecordedDomains>(setup_.replay.take(domains_text(put))).domains;
}

host::KeyInfo RecordedOutside::unwrap(const host::WrappedKeys& keys) {
  setup_.gate.admit(keys);
  return kept<host::KeyInfo>(setup_.replay.take(unwrap_text(keys, setup_.replay.head().all_answers)));
}

}  // namespace cw::engine
