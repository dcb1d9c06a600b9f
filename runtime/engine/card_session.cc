#include "engine/card_session.h"

#include <algorithm>

#include "base/hex.h"
#include "base/overloaded.h"
#include "card/transport.h"
#include "gp/chaining.h"

namespace cw::engine {

namespace {

/// What a card says to a wrapped command where no secure channel is open: security status not satisfied, conditions of
/// use not satisfied, secure messaging objects missing or wrong, class not supported.
bool denies_channel(uint16_t sw) {
  return sw == 0x6982 || sw == 0x6985 || sw == 0x6987 || sw == 0x6988 || sw == 0x6E00;
}

/// The set and version whose keys a PUT KEY brings: of a version it names in the clear, ahead of its keys.
std::optional<KeyWatch::Keys> keys_put(const host::Command& command) {
  if (command.ins != 0xD8 || command.data.visible().empty()) return {};
  for (const host::Part& part : command.data.parts()) {
    const auto* key = std::get_if<host::KeyPart>(&part);
    if (key == nullptr || key->form == host::KeyPart::Form::signing) continue;
    return KeyWatch::Keys{key->set, command.data.visible()[0]};
  }
  return {};
}

bool same_keys(const crypto::KeySet& a, const crypto::KeySet& b) {
  return a.enc->kcv() == b.enc->kcv() && a.mac->kcv() == b.mac->kcv() && a.dek->kcv() == b.dek->kcv();
}

}  // namespace

std::vector<card::Apdu> travelling(const card::Apdu& wrapped, bool extended_length) {
  if (wrapped.data.size() <= 255 || extended_length) return {wrapped};
  const bool more_in_p1 = wrapped.ins == 0xE6 || wrapped.ins == 0xD8 || wrapped.ins == 0xE4;  // GPCS 11.1.5.1
  return gp::chain(wrapped, more_in_p1 ? gp::ChainingMark::more_in_p1 : gp::ChainingMark::iso);
}

std::optional<ChannelFacts> CardSession::channel(host::ChannelId id) const {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return {};
  const Open& open = found->second;
  return ChannelFacts{static_cast<uint8_t>(open.channel->scp()), open.channel->level(), open.domain};
}

void CardSession::forget() {
  finish();
  channels_.clear();
  selected_ = {};
}

void CardSession::finish() {
  if (std::exchange(relayed_, {})) setup_.budgets.attempts.give_up();
  if (std::exchange(unauthenticated_, {})) setup_.budgets.attempts.not_finished();
}

void CardSession::close_on(uint8_t logical_channel) {
  std::erase_if(channels_, [&](const auto& entry) { return entry.second.logical_channel == logical_channel; });
}

KeyWatch::Place CardSession::place_of(const Open& open) const {
  const std::string& told = setup_.budgets.attempts.card();
  return {told.empty() ? "KDD-" + to_hex(open.diversification_data) : told,
          setup_.gate.is_isd(open.domain) ? Bytes() : open.domain};
}

/// A domain without keys may be given those of its parent, as on a tester's desk. All else that gives a card the keys
/// it has is a mistake, and after a lost answer nothing could tell what became of it.
void CardSession::refuse_same_keys(const host::Command& put_key, const std::string& set, const Open& open) const {
  const bool replaces = put_key.p1 != 0;
  const bool diversified = setup_.custody.info(set).kcvs.empty() && setup_.custody.info(open.keys.set).kcvs.empty();
  if (!replaces && !diversified) return;
  const auto of_card = [&](const std::string& name) { return setup_.custody.key_set(name, open.diversification_data); };
  if (!same_keys(of_card(set), of_card(open.keys.set))) return;
  throw Error(ErrorKind::usage, "PUT KEY of '" + set + "': on this card they are the keys of '" + open.keys.set +
                                    "', which it has, so nothing would change; nothing was sent: name the key set "
                                    "that the card is to have");
}

void CardSession::announce_keys(const host::Exchange& request, const Open& open) {
  std::optional<KeyWatch::Keys> announced;
  for (const host::Command& command : request.plan) {
    const std::optional<KeyWatch::Keys> keys = keys_put(command);
    if (!keys || keys == announced) continue;
    refuse_same_keys(command, keys->set, open);
    setup_.key_watch.about_to_put_keys(place_of(open), open.keys, *keys);
    announced = keys;
  }
}

CardSession::Open* CardSession::channel_of(const host::Exchange& request) {
  if (request.channel == 0) return nullptr;
  const auto found = channels_.find(request.channel);
  if (found == channels_.end()) {
    throw Error(ErrorKind::channel, "the secure channel is not open any more; open it again");
  }
  return &found->second;
}

void CardSession::begin(const host::Request& request) {
  asked_ = &request;
  came_ = nullptr;
  if (setup_.relay) stand_ = stand();
  const bool again = !again_.empty();
  try {
    start(request);
    while (order_ && told_) answered(*std::exchange(told_, {}));
  } catch (const Error& error) {
    selection_lost();
    again_.clear();
    if (again) not_made_again(error);
    throw;
  }
}

/// As CardState::lost(): of a request that ended with an error, nobody above knows what of it was sent.
void CardSession::selection_lost() {
  const auto of_plan = [&](const host::Exchange& plan) {
    if (std::none_of(plan.plan.begin(), plan.plan.end(), selects)) return;
    close_on(plan.logical_channel);
    selected_.forget(plan.logical_channel);
  };
  if (const auto* plan = std::get_if<host::Exchange>(asked_)) of_plan(*plan);
  if (const auto* open = std::get_if<host::OpenChannel>(asked_))
    std::for_each(open->before.begin(), open->before.end(), of_plan);
}

void CardSession::start(const host::Request& request) {
  if (other_card_) throw Error(*other_card_);
  doing_ = std::monostate();
  order_.reset();
  reply_.reset();
  std::visit(Overloaded{
                 [&](const host::Reset&) { begin_reset(); },
                 [&](const host::Exchange& exchange) { begin_plans({.plans = {&exchange}}); },
                 [&](const host::OpenChannel& open) {
                   Doing begun{.open = &open};
                   for (const host::Exchange& plan : open.before) begun.plans.push_back(&plan);
                   begin_plans(std::move(begun));
                 },
                 [&](const host::CloseChannel& close) {
                   if (unauthenticated_ == close.channel) finish();
                   channels_.erase(close.channel);
                   reply_ = host::ChannelClosed{};
                 },
                 [](const auto&) { throw Error(ErrorKind::internal, "a request that is none for the card"); },
             },
             request);
}

void CardSession::answered(const Report& report) {
  came_ = &report;
  try {
    std::holds_alternative<Asking>(doing_) ? identity_answered(report) : order_answered(report);
  } catch (const Error&) {
    selection_lost();
    throw;
  }
}

host::Reply CardSession::perform(const host::Request& request) {
  begin(request);
  while (order_) answered(carry_out(*order_));
  return take_reply();
}

Report CardSession::carry_out(const Order& order) {
  card::TransportOptions options;
  options.extended_length = setup_.traits.extended_length;
  Report report;
  const auto begin = std::chrono::steady_clock::now();
  try {
    for (const Order::Item& item : order.items) {
      options.repeat_wrong_le = !item.wrapped;
      card::Response response;
      for (const card::Apdu& piece : item.pieces) {
        response = card::exchange(*setup_.reader, piece, options);
        if (response.sw != 0x9000) break;
      }
      report.answers.push_back(std::move(response));
    }
  } catch (const Error& error) {
    report.error = error;
  }
  report.took = std::chrono::steady_clock::now() - begin;
  return report;
}

void CardSession::travelled(const Order::Item& item, const card::Response& answer) {
  const uint8_t status[] = {static_cast<uint8_t>(answer.sw >> 8), static_cast<uint8_t>(answer.sw)};
  setup_.evidence.travelled(item.bytes(), concat({answer.data, status}));
}

void CardSession::Doing::skip_ends() {
  while (plan < plans.size() && at == plans[plan]->plan.size()) {
    ++plan;
    at = 0;
  }
}

void CardSession::begin_plans(Doing begun) {
  for (const host::Exchange* request : begun.plans) {
    if (!request->backend.empty()) give_way(*request);
    const Open* open = channel_of(*request);
    if (open == nullptr) continue;
    if (request->plan.size() > 1 && std::any_of(request->plan.begin(), request->plan.end(), selects)) {
      throw Error(ErrorKind::channel,
                  "SELECT ends the secure channel, so it cannot travel in one plan with others; "
                  "send it alone");
    }
    announce_keys(*request, *open);
  }
  if (unauthenticated_ && ends_unused(*asked_, *unauthenticated_, channels_.at(*unauthenticated_).logical_channel)) {
    channels_.erase(*unauthenticated_);
    finish();
  }
  begun.out.resize(begun.plans.size());
  begun.skip_ends();
  doing_ = std::move(begun);
  next_order();
}

bool ends_unused(const host::Request& next, host::ChannelId channel, uint8_t logical_channel) {
  const auto uses = [&](const host::Exchange& plan) { return plan.channel == channel; };
  const auto ends = [&](const host::Exchange& plan) {
    return plan.channel == 0 && plan.logical_channel == logical_channel &&
           std::any_of(plan.plan.begin(), plan.plan.end(), selects);
  };
  if (const auto* plan = std::get_if<host::Exchange>(&next)) return !uses(*plan) && ends(*plan);
  const auto* open = std::get_if<host::OpenChannel>(&next);
  if (open == nullptr || std::any_of(open->before.begin(), open->before.end(), uses)) return false;
  return open->logical_channel == logical_channel || std::any_of(open->before.begin(), open->before.end(), ends);
}

/// The order that was being made is not sent.
void CardSession::not_sent() {
  setup_.budgets.content.not_sent();
  // What was charged for a backend's handshake went out before this order.
  if (defers() && !relayed_) setup_.budgets.attempts.not_finished();
  lost(pieces_);
}

/// From the first command on that has no answer: as many as may travel at once.
void CardSession::next_order() {
  order_ = Order();
  pieces_.clear();
  together_.clear();
  const bool again = !again_.empty();
  try {
    fill_order();
    goes_out();
  } catch (const Error& error) {
    order_.reset();
    if (!again) {
      not_sent();
      throw;
    }
    lost(pieces_);
    not_made_again(error);
  }
}

void CardSession::fill_order() {
  const Doing& now = std::get<Doing>(doing_);
  Doing next = {.plans = now.plans, .plan = now.plan, .at = now.at};
  if (owed_) add_identity();
  if (unauthenticated_) add_authenticate();
  while (!next.all_answered()) {
    const host::Exchange& request = *next.plans[next.plan];
    const host::Command& command = request.plan[next.at];
    if (!pieces_.empty() && !joins(request, command)) return;
    add_command(request, command, next.plan, next.at);
    ++next.at;
    next.skip_ends();
  }
  if (now.open != nullptr && !now.handshake && (pieces_.empty() || defers())) add_update();
}

/// Whether it may travel with what is in the order.
bool CardSession::joins(const host::Exchange& request, const host::Command& command) const {
  if (!setup_.relay) return false;
  if (!again_.empty()) return pieces_.size() < again_.front().items;
  const auto asks = [](const Piece& piece) { return piece.what == Piece::What::identity; };
  if (std::any_of(pieces_.begin(), pieces_.end(), asks) && !host::changes_nothing(command)) return false;
  const auto authenticates = [](const Piece& piece) { return piece.what == Piece::What::authenticate; };
  if (std::any_of(pieces_.begin(), pieces_.end(), authenticates)) {
    // Without a MAC, nothing tells the card that it is not to be done, where it refused to authenticate us.
    const auto open = channels_.find(request.channel);
    const bool protected_by_mac = open != channels_.end() && open->second.channel->level() != 0;
    if (!protected_by_mac && !host::changes_nothing(command)) return false;
  }
  const bool protected_ = request.channel != 0 || !request.backend.empty();
  if (protected_ && !setup_.budgets.content.has_room_for(command)) return false;
  const auto updates = [](const host::Command& one) { return one.ins == 0x50; };
  if (updates(command) && std::any_of(together_.begin(), together_.end(), updates)) return false;  // charged one by one
  return !parts_before(together_, command, *setup_.relay);
}

void CardSession::add_command(const host::Exchange& request, const host::Command& command, size_t plan, size_t at) {
  Open* open = channel_of(request);
  pieces_.push_back({Piece::What::command, plan, at, {}, {}});
  if (open != nullptr) pieces_.back().before = open->channel->mark();
  end_relayed(command);
  if (!request.backend.empty()) charge_relayed(request, command);
  if (open != nullptr || !request.backend.empty()) setup_.budgets.content.before(command, together_.empty());
  order_->items.push_back(item_of(command, open));
  order_->items.back().wrapped = open != nullptr || !request.backend.empty();
  order_->once = order_->once || !request.backend.empty() ||
                 ((open == nullptr || open->channel->level() == 0) && !host::changes_nothing(command));
  if (open != nullptr) pieces_.back().mark = open->channel->mark();
  together_.push_back(command);
}

Order::Item CardSession::item_of(const host::Command& command, Open* open) {
  Custody::Resolved resolved = setup_.custody.resolve(command, open ? open->channel.get() : nullptr,
                                                      open ? ByteView(open->diversification_data) : ByteView());
  for (const host::Part& part : command.data.parts()) {
    if (const auto* token = std::get_if<host::TokenPart>(&part)) setup_.evidence.key_used(token->key);
    if (const auto* dap = std::get_if<host::DapPart>(&part)) setup_.evidence.key_used(dap->key);
  }
  if (!open) return {{resolved.apdu}, false};
  gp::Channel& channel = *open->channel;
  const card::Apdu wrapped =
      resolved.secret ? channel.wrap(resolved.apdu, *resolved.secret) : channel.wrap(resolved.apdu);
  return {travelling(wrapped, setup_.traits.extended_length), true};
}

void CardSession::order_answered(const Report& report) {
  const Order order = std::move(*order_);
  order_.reset();
  const std::vector<Piece> pieces = std::move(pieces_);
  Doing& now = std::get<Doing>(doing_);
  bool updated = false;
  try {
    for (size_t i = 0; i < order.items.size(); ++i) {
      if (i == report.answers.size()) {
        // The relay stopped there, as the plan does, or where that one would go on.
        const bool refused = i > 0 && stops_a_plan(report.answers.back().sw);
        if (setup_.relay == Relay::stops && refused && !report.error) break;
        if (pieces[i].what != Piece::What::identity) setup_.evidence.travelled(order.items[i].bytes(), {});
        throw report.error.value_or(Error(ErrorKind::reader, "no answer came"));
      }
      if (pieces[i].what == Piece::What::identity) {
        owed_->answers.push_back(report.answers[i]);
        if (owed_->answers.size() == owed_->questions.size()) check_owed();
        continue;
      }
      travelled(order.items[i], report.answers[i]);
      const auto took = report.took / report.answers.size();
      switch (pieces[i].what) {
        case Piece::What::identity:
          break;
        case Piece::What::authenticate:
          authenticate_answered(report.answers[i], took);
          break;
        case Piece::What::command:
          take_answer(pieces[i], report.answers[i], report);
          break;
        case Piece::What::update:
          if (now.stopped) break;  // who answered it is not who was meant
          update_answered(report.answers[i], took);
          updated = true;
          break;
      }
    }
    never_sent(pieces, report.answers.size());
    if (owed_) check_owed();  // the card does not have what its identity is made of
    setup_.budgets.content.not_sent();
    if (pieces.back().what == Piece::What::update && !updated) {
      setup_.budgets.attempts.not_tried();
      now.handshake.reset();
    }
  } catch (const Error& error) {
    lost(pieces);
    if (is_refusal(error)) return;
    throw;
  }
  conclude();
}

/// What was wrapped and not sent never was.
void CardSession::never_sent(const std::vector<Piece>& pieces, size_t first) {
  const Doing& now = std::get<Doing>(doing_);
  for (size_t i = pieces.size(); i-- > first;) {
    if (pieces[i].what != Piece::What::command) continue;
    const auto open = channels_.find(now.plans[pieces[i].plan]->channel);
    if (open != channels_.end()) open->second.channel->restore(pieces[i].before);
  }
}

/// What was lost takes its channel with it, whose chaining value is not to be trusted any more.
void CardSession::lost(const std::vector<Piece>& pieces) {
  const Doing& now = std::get<Doing>(doing_);
  for (const Piece& piece : pieces) {
    if (piece.what == Piece::What::authenticate && unauthenticated_) channels_.erase(*unauthenticated_);
    if (piece.what != Piece::What::command) continue;
    const host::Exchange& plan = *now.plans[piece.plan];
    channels_.erase(plan.channel);
    if (selects(plan.plan[piece.at])) close_on(plan.logical_channel);
  }
  if (now.handshake) close_on(now.open->logical_channel);
  unauthenticated_.reset();
  relayed_.reset();
  setup_.budgets.content.give_up();
  setup_.budgets.attempts.give_up();
}

/// The next order, or the reply.
void CardSession::conclude() {
  Doing& now = std::get<Doing>(doing_);
  const bool handshake_left = now.open != nullptr && (!now.handshake || (unauthenticated_ && !defers()));
  if (!now.stopped && (!now.all_answered() || handshake_left)) {
    try {
      return next_order();
    } catch (const Error& error) {
      if (is_refusal(error)) return;
      throw;
    }
  }
  if (now.open == nullptr) {
    reply_ = std::move(now.out.front());
    return;
  }
  host::ChannelOpened opened;
  if (now.handshake && !now.stopped) opened = std::move(now.handshake->opened);
  opened.before = std::move(now.out);
  reply_ = std::move(opened);
}

bool CardSession::is_refusal(const Error& error) {
  Doing& now = std::get<Doing>(doing_);
  const bool nothing_ahead = now.open == nullptr || now.plans.empty();
  const bool in_doubt = error.kind() == ErrorKind::reader || error.kind() == ErrorKind::store;
  if (nothing_ahead || in_doubt || now.stopped || !now.all_answered()) return false;
  host::ChannelOpened out;
  out.before = std::move(now.out);
  out.refused = error;
  reply_ = std::move(out);
  return true;
}

void CardSession::take_answer(const Piece& piece, const card::Response& came, const Report& report) {
  Doing& now = std::get<Doing>(doing_);
  const host::Exchange& request = *now.plans[piece.plan];
  const host::Command& command = request.plan[piece.at];
  host::Answer plain{came.data, came.sw};
  if (Open* open = channel_of(request)) {
    if ((open->from_before || report.again) && denies_channel(came.sw)) {
      throw Error(ErrorKind::reader, "the card does not know the secure channel any more that was open before (" +
                                         to_hex16(came.sw) + "): it was reset meanwhile, or was sent this twice");
    }
    open->from_before = false;
    const card::Response opened = open->channel->unwrap_at(piece.mark, came);
    plain = {opened.data, opened.sw};
    settle(command, plain, open->domain);
  } else if (!request.backend.empty()) {
    settle_relayed(request, command, plain);
  }
  if (selects(command)) close_on(request.logical_channel);
  if (command.ins == 0x70) close_on(managed_channel(command, plain));
  setup_.observer.exchanged(command, request.channel, plain, report.took / report.answers.size());
  if (const auto moved = channels_.find(request.channel); moved != channels_.end()) {
    gp::Channel::Mark mark = piece.mark;
    mark.response_chaining = moved->second.channel->mark().response_chaining;
    setup_.evidence.channel_moved(request.channel, mark);
  }
  selected_.answered(command, plain);
  // A relay that goes on has carried out more than the script is to know of: parts_before() keeps that harmless.
  if (now.stopped) return;
  // Where a channel is to follow a SELECT, that is to find the domain itself, and not one that is locked (6283).
  const bool not_there = now.open != nullptr && selects(command) && plain.sw != 0x9000;
  now.stopped = request.stop_on_error && (not_there || stops_a_plan(plain.sw));
  now.out[piece.plan].answers.push_back(std::move(plain));
  now.plan = piece.plan;
  now.at = piece.at + 1;
  now.skip_ends();
}

void CardSession::settle(const host::Command& command, const host::Answer& answer, ByteView domain) {
  setup_.budgets.content.after(command, answer);
  if (answer.sw == 0x9000) setup_.budgets.attempts.went_well(command, setup_.gate.is_isd(domain) ? ByteView() : domain);
}

}  // namespace cw::engine
