// Reset, and the handshake of a secure channel.
#include <algorithm>

#include "base/hex.h"
#include "card/status.h"
#include "crypto/digest.h"
#include "engine/card_identity.h"
#include "engine/card_session.h"
#include "engine/key_candidates.h"

namespace cw::engine {

namespace {

[[noreturn]] void refuse(const card::Apdu& apdu, uint16_t sw) {
  throw Error(ErrorKind::card, card::explain(sw, apdu.cla, apdu.ins, apdu.p1), sw);
}

/// What INITIALIZE UPDATE is refused with before the card has looked at a key: no such key version, another length of
/// the challenge, no such command, class or channel.
bool refused_before_keys(uint16_t sw) {
  return sw == 0x6A88 || sw == 0x6A86 || sw == 0x6700 || sw == 0x6D00 || (sw >> 8) == 0x6E || (sw >> 8) == 0x68;
}

/// As followers see it: a challenge is fresh each time and of no use to a reader, so the canonical form goes without.
host::Command shown(const card::Apdu& sent) {
  host::Command out = host::command_of(sent);
  out.data = host::Data();
  return out;
}

card::Apdu select_default() {
  card::Apdu out;
  out.ins = 0xA4;
  out.p1 = 0x04;
  out.le = 256;
  return out;
}

}  // namespace

void CardSession::begin_reset() {
  setup_.evidence.before_sending();
  forget();
  setup_.budgets.content.give_up();
  if (setup_.reader != nullptr) {
    host::ResetDone done{setup_.reader->reset()};
    if (setup_.budgets.wants_identity()) done.atr = identify(std::move(done.atr));
    setup_.observer.card_reset(done.atr);
    reply_ = std::move(done);
    return;
  }
  // A device far away cannot be told to. SELECT ends whatever channel was open, and finds who the card is.
  Asking asking;
  asking.questions = identity_questions();
  asking.questions.insert(asking.questions.begin(), select_default());
  doing_ = std::move(asking);
  ask_rest();
}

void CardSession::ask_rest() {
  const Asking& asking = std::get<Asking>(doing_);
  Order order;
  for (size_t i = asking.answers.size(); i < asking.questions.size(); ++i) {
    order.items.push_back({{asking.questions[i]}, false});
  }
  order_ = std::move(order);
}

void CardSession::identity_answered(const Report& report) {
  Asking& asking = std::get<Asking>(doing_);
  for (size_t i = 0; i < report.answers.size() && i < order_->items.size(); ++i) {
    travelled(order_->items[i], report.answers[i]);
    asking.answers.push_back(report.answers[i]);
  }
  if (report.error || report.answers.empty()) {
    throw report.error.value_or(Error(ErrorKind::reader, "no answer came"));
  }
  // A relay that stops does so at each thing that the card does not have.
  if (asking.answers.size() < asking.questions.size()) return ask_rest();
  order_.reset();
  const auto given = [&](const card::Apdu& question) {
    const auto at = std::find(asking.questions.begin(), asking.questions.end(), question);
    return asking.answers.at(static_cast<size_t>(at - asking.questions.begin()));
  };
  if (setup_.budgets.wants_identity()) learn_identity(told_identity(given), {});
  setup_.observer.card_reset({});
  reply_ = host::ResetDone{};
}

Bytes CardSession::identify(Bytes atr) {
  const auto ask = [&](const card::Apdu& command) {
    send_one(command, false);
    const Report report = carry_out(*order_);
    require_answer(report);
    order_.reset();
    return report.answers[0];
  };
  std::optional<std::string> identity = told_identity(ask);
  if (!identity) {
    // Something else may be selected after a reset. The flow is to find that as it was.
    ask(select_default());
    identity = told_identity(ask);
    atr = setup_.reader->reset();
  }
  learn_identity(identity, atr);
  return atr;
}

void CardSession::learn_identity(const std::optional<std::string>& told, ByteView atr) {
  const std::string known = told.value_or(identity_by_atr(atr));
  setup_.budgets.card_is(known);
  setup_.evidence.card_is(known);
}

void CardSession::begin_open(const host::OpenChannel& request) {
  Opening begun;
  begun.request = request;
  const crypto::KeySet stored = setup_.custody.key_set(request.keys, {});
  begun.version = request.key_version ? request.key_version : stored.version;
  begun.domain = selected_.on(request.logical_channel);
  close_on(request.logical_channel);
  const Bytes domain = setup_.gate.is_isd(begun.domain) ? Bytes() : begun.domain;
  setup_.budgets.attempts.charge({domain, begun.version}, key_candidates(request));
  try {
    begun.host_challenge = crypto::random_bytes(request.s16 ? 16 : 8);
    begun.sent = gp::initialize_update(begun.version, 0, begun.host_challenge);
    begun.sent.cla = card::with_channel(begun.sent.cla, request.logical_channel);
    send_one(begun.sent, false);
  } catch (const Error&) {
    setup_.budgets.attempts.give_up();
    throw;
  }
  doing_ = std::move(begun);
}

void CardSession::update_answered(const card::Response& answer) {
  Opening& opening = std::get<Opening>(doing_);
  const host::OpenChannel& request = opening.request;
  order_.reset();
  setup_.observer.exchanged(shown(opening.sent), 0, {answer.data, answer.sw}, opening.took);
  if (!answer.ok()) {
    if (refused_before_keys(answer.sw)) setup_.budgets.attempts.not_tried();
    refuse(opening.sent, answer.sw);
  }

  const auto parsed = gp::InitializeUpdateAnswer::parse(answer.data, opening.host_challenge.size());
  setup_.budgets.attempts.answered(parsed.diversification_data, parsed.key_version);
  if (request.scp && *request.scp != static_cast<uint8_t>(parsed.scp)) {
    throw Error(ErrorKind::channel, "opening a channel with '" + request.keys + "': the card speaks SCP0" +
                                        std::to_string(static_cast<int>(parsed.scp)) +
                                        " with this key version, and SCP0" + std::to_string(*request.scp) +
                                        " was asked for");
  }
  try {
    setup_.gate.admit_protocol(static_cast<uint8_t>(parsed.scp), request.level);
  } catch (const Error&) {
    setup_.evidence.refused(setup_.gate.refusal());
    throw;
  }

  gp::ChannelOptions options;
  options.i = request.i;
  options.aid = request.aid;
  options.encrypt_empty_data = setup_.traits.encrypt_empty_data;
  KeyMatch match;
  try {
    match = match_keys(setup_.custody, request, opening.host_challenge, parsed, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::channel) {
      setup_.evidence.keys_refused(key_candidates(request));
      setup_.budgets.attempts.refused(key_candidates(request));
    }
    throw;
  }
  Open& open = opening.open;
  open.channel = std::move(match.channel);
  open.keys = {match.keys, parsed.key_version};
  open.domain = opening.domain;
  open.logical_channel = request.logical_channel;
  open.diversification_data = parsed.diversification_data;
  host::ChannelOpened& opened = opening.opened;
  opened.scp = static_cast<uint8_t>(open.channel->scp());
  opened.i = open.channel->i();
  opened.level = open.channel->level();
  opened.key_version = parsed.key_version;
  opened.diversification_data = parsed.diversification_data;
  opened.sequence_counter = parsed.sequence_counter;
  opened.max_data = static_cast<uint32_t>(open.channel->max_data());
  opening.update_answer = answer.data;

  opening.sent = open.channel->external_authenticate();
  opening.sent.cla = card::with_channel(opening.sent.cla, request.logical_channel);
  send_one(opening.sent, true);
}

void CardSession::authenticate_answered(const card::Response& answer) {
  Opening opening = std::move(std::get<Opening>(doing_));
  doing_ = std::monostate();
  order_.reset();
  setup_.observer.exchanged(shown(opening.sent), 0, {answer.data, answer.sw}, opening.took);
  const std::string keys = opening.open.keys.set;
  if (!answer.ok()) {
    setup_.evidence.keys_refused({keys});
    setup_.budgets.attempts.refused({keys});
    refuse(opening.sent, answer.sw);
  }
  setup_.budgets.attempts.verified();

  host::ChannelOpened& opened = opening.opened;
  opened.channel = next_id_++;
  host::OpenChannel decided = opening.request;  // with the keys that the card has
  decided.keys = keys;
  decided.or_keys.clear();
  if (!opening.request.or_keys.empty()) opened.keys = keys;
  setup_.evidence.channel_opened(
      {opened.channel, decided, opening.version, opening.host_challenge, opening.update_answer});
  setup_.evidence.channel_moved(opened.channel, opening.open.channel->mark());
  setup_.key_watch.channel_opened(place_of(opening.open), opening.open.keys);
  channels_.emplace(opened.channel, std::move(opening.open));
  setup_.observer.channel_opened(decided, opened, opening.in_all);
  reply_ = std::move(opened);
}

}  // namespace cw::engine
