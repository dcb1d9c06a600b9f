// Reset, and the handshake of a secure channel.
#include <algorithm>
#include <utility>

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

bool refused_before_keys(uint16_t sw) {
  return sw == 0x6A88 || sw == 0x6A86 || sw == 0x6700 || sw == 0x6D00 || (sw >> 8) == 0x6E || (sw >> 8) == 0x68;
}

void CardSession::begin_reset() {
  if (setup_.reader != nullptr) setup_.evidence.before_sending();
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
  if (setup_.expected_card.starts_with("CPLC-")) {
    owe_identity();
    setup_.observer.card_reset({});
    reply_ = host::ResetDone{};
    return;
  }
  doing_ = Asking{asked_to(""), {}};
  ask_rest();
}

std::vector<card::Apdu> CardSession::asked_to(const std::string& expected) {
  std::vector<card::Apdu> out = identity_questions(expected);
  out.insert(out.begin(), select_default());
  return out;
}

void CardSession::owe_identity() {
  owed_ = Asking{asked_to(setup_.expected_card), {}};
  if (setup_.budgets.wants_identity()) setup_.budgets.card_is(setup_.expected_card);
}

void CardSession::add_identity() {
  owed_->answers.clear();
  for (const card::Apdu& question : owed_->questions) {
    order_->items.push_back({{question}, false});
    pieces_.push_back({.what = Piece::What::identity});
    together_.push_back(host::command_of(question));
  }
}

std::optional<std::string> CardSession::identity_in(const Asking& asked) const {
  return told_identity([&](const card::Apdu& question) {
    const auto at = std::find(asked.questions.begin(), asked.questions.end(), question);
    const auto place = static_cast<size_t>(at - asked.questions.begin());
    return place < asked.answers.size() ? asked.answers[place] : card::Response{{}, 0x6A88};
  });
}

void CardSession::note_default(const Asking& asked) {
  Selection first;
  if (!asked.answers.empty()) {
    first.answered(host::command_of(asked.questions[0]), {asked.answers[0].data, asked.answers[0].sw});
  }
  default_ = first.on(0);
}

void CardSession::check_owed() {
  const Asking asked = std::move(*std::exchange(owed_, {}));
  check_expected(asked);
  if (setup_.budgets.wants_identity()) setup_.evidence.card_is(setup_.expected_card);
}

void CardSession::check_expected(const Asking& asked) {
  note_default(asked);
  const std::string told = identity_in(asked).value_or("a card that does not say who it is");
  if (told == setup_.expected_card) return;
  other_card_ = Error(ErrorKind::usage, "the card in the device is " + told + ", and this run is for " +
                                            setup_.expected_card + ": put in that card, or give a ticket for this one");
  setup_.budgets.attempts.not_finished();  // the card that it is charged to was not asked
  throw Error(*other_card_);
}

void CardSession::ask_rest() {
  const Asking& asking = std::get<Asking>(doing_);
  Order order;
  for (size_t i = asking.answers.size(); i < asking.questions.size(); ++i) {
    order.items.push_back({{asking.questions[i]}, false});
  }
  order_ = std::move(order);
  pieces_.clear();
  goes_out();
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
  note_default(asking);
  if (!setup_.expected_card.empty()) check_expected(asking);
  if (setup_.budgets.wants_identity()) learn_identity(identity_in(asking), {});
  setup_.observer.card_reset({});
  reply_ = host::ResetDone{};
}

Bytes CardSession::identify(Bytes atr) {
  const auto ask = [&](const card::Apdu& command) {
    setup_.evidence.before_sending();
    const Order order{{{{command}, false}}};
    const Report report = carry_out(order);
    if (report.answers.empty()) setup_.evidence.travelled(order.items[0].bytes(), {});
    if (report.error) throw Error(*report.error);
    travelled(order.items[0], report.answers[0]);
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

std::optional<Bytes> CardSession::selected_then(uint8_t logical_channel) const {
  std::optional<Bytes> out;
  if (selected_.is_known(logical_channel)) out = selected_.on(logical_channel);
  for (const host::Command& command : together_) {
    const bool here = card::channel_of(command.cla) == logical_channel;
    if (!here || !selects(command)) continue;
    out = command.data.visible().empty() ? default_ : to_bytes(command.data.visible());
  }
  return out;
}

void CardSession::add_update() {
  Doing& now = std::get<Doing>(doing_);
  const host::OpenChannel& request = *now.open;
  Handshake begun;
  begun.version = request.key_version ? request.key_version : setup_.custody.key_set(request.keys, {}).version;
  const std::optional<Bytes> domain = selected_then(request.logical_channel);
  if (!domain) {
    throw Error(ErrorKind::channel,
                "opening a channel: what is selected is not known since a plan with a SELECT failed; "
                "SELECT the domain first");
  }
  begun.domain = *domain;
  end_relayed(host::command_of(gp::initialize_update(begun.version, 0, Bytes(8))));
  const AttemptBudget::Target target{setup_.gate.is_isd(begun.domain) ? Bytes() : begun.domain, begun.version};
  const std::vector<std::string> keys = key_candidates(request);
  if (unauthenticated_) {
    // EXTERNAL AUTHENTICATE of another channel goes ahead of it in this order.
    const bool joins =
        again_.empty() ? setup_.budgets.attempts.has_room_behind(target, keys) : pieces_.size() < again_.front().items;
    if (!joins) return;
    setup_.budgets.attempts.charge_behind(target, keys);
  } else {
    setup_.budgets.attempts.charge(target, keys);
  }
  begun.host_challenge = again_.empty() ? crypto::random_bytes(request.s16 ? 16 : 8) : again_.front().host_challenge;
  begun.sent = gp::initialize_update(begun.version, 0, begun.host_challenge);
  begun.sent.cla = card::with_channel(begun.sent.cla, request.logical_channel);
  order_->items.push_back({{begun.sent}, false});
  order_->once = true;
  pieces_.push_back({.what = Piece::What::update});
  now.handshake = std::move(begun);
}

void CardSession::add_authenticate() {
  order_->items.push_back({{channels_.at(*unauthenticated_).authenticate}, true});
  order_->once = true;
  pieces_.push_back({.what = Piece::What::authenticate});
}

void CardSession::update_answered(const card::Response& answer, std::chrono::nanoseconds took) {
  Doing& now = std::get<Doing>(doing_);
  const host::OpenChannel& request = *now.open;
  Handshake& begun = *now.handshake;
  close_on(request.logical_channel);
  setup_.observer.exchanged(shown(begun.sent), 0, {answer.data, answer.sw}, took);
  begun.took += took;
  begun.answer = answer.data;
  if (!answer.ok()) {
    if (refused_before_keys(answer.sw)) setup_.budgets.attempts.not_tried();
    refuse(begun.sent, answer.sw);
  }
  const Bytes selected = selected_.on(request.logical_channel);
  const Bytes& meant = begun.domain.empty() ? default_ : begun.domain;
  if (meant != selected && !(setup_.gate.is_isd(meant) && setup_.gate.is_isd(selected))) {
    throw Error(ErrorKind::channel, "opening a channel: SELECT of " + to_hex(meant) + " found " + to_hex(selected) +
                                        "; name the domain by its whole AID");
  }
  open_channel(gp::InitializeUpdateAnswer::parse(answer.data, begun.host_challenge.size()));
}

void CardSession::open_channel(const gp::InitializeUpdateAnswer& parsed) {
  Handshake& begun = *std::get<Doing>(doing_).handshake;
  const host::OpenChannel& request = *std::get<Doing>(doing_).open;
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
    match = match_keys(setup_.custody, request, begun.host_challenge, parsed, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::channel) {
      setup_.evidence.keys_refused(key_candidates(request));
      setup_.budgets.attempts.refused(key_candidates(request));
    }
    throw;
  }
  Open open;
  open.channel = std::move(match.channel);
  open.keys = {match.keys, parsed.key_version};
  open.domain = selected_.on(request.logical_channel);
  open.logical_channel = request.logical_channel;
  open.diversification_data = parsed.diversification_data;
  open.authenticate = open.channel->external_authenticate();
  open.authenticate.cla = card::with_channel(open.authenticate.cla, request.logical_channel);
  host::ChannelOpened& opened = begun.opened;
  opened.scp = static_cast<uint8_t>(open.channel->scp());
  opened.i = open.channel->i();
  opened.level = open.channel->level();
  opened.key_version = parsed.key_version;
  opened.diversification_data = parsed.diversification_data;
  opened.sequence_counter = parsed.sequence_counter;
  opened.max_data = static_cast<uint32_t>(open.channel->max_data());
  unauthenticated_ = next_id_;
  channels_.insert_or_assign(next_id_, std::move(open));
  if (defers()) channel_is_open(next_id_);
}

void CardSession::authenticate_answered(const card::Response& answer, std::chrono::nanoseconds took) {
  const host::ChannelId id = *unauthenticated_;
  const Open& open = channels_.at(id);
  const card::Apdu sent = open.authenticate;
  setup_.observer.exchanged(shown(sent), 0, {answer.data, answer.sw}, took);
  if (!answer.ok()) {
    setup_.evidence.keys_refused({open.keys.set});
    setup_.budgets.attempts.refused({open.keys.set});
    refuse(sent, answer.sw);
  }
  setup_.budgets.attempts.verified();
  unauthenticated_.reset();
  if (defers()) return;
  std::get<Doing>(doing_).handshake->took += took;
  channel_is_open(id);
}

void CardSession::channel_is_open(host::ChannelId id) {
  const host::OpenChannel& request = *std::get<Doing>(doing_).open;
  Handshake& done = *std::get<Doing>(doing_).handshake;
  const Open& open = channels_.at(id);
  next_id_ = id + 1;
  done.opened.channel = id;
  host::OpenChannel decided = request;  // with the keys that the card has
  decided.before.clear();
  decided.keys = open.keys.set;
  decided.or_keys.clear();
  if (!request.or_keys.empty()) done.opened.keys = open.keys.set;
  setup_.evidence.channel_opened({id, decided, done.version, done.host_challenge, done.answer});
  setup_.evidence.channel_moved(id, open.channel->mark());
  setup_.key_watch.channel_opened(place_of(open), open.keys);
  setup_.observer.channel_opened(decided, done.opened, done.took);
}

}  // namespace cw::engine
