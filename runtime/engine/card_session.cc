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
    if (const auto* key = std::get_if<host::KeyPart>(&part)) return KeyWatch::Keys{key->set, command.data.visible()[0]};
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
  channels_.clear();
  selected_ = {};
}

void CardSession::go_on(const CardState& state, const std::vector<ChannelPast>& channels, bool same_process) {
  forget();
  selected_ = state.selected;
  next_id_ = state.last + 1;
  for (const ChannelPast& past : channels) {
    const auto known = state.channels.find(past.material.channel);
    if (known == state.channels.end()) continue;
    const ChannelMaterial& material = past.material;
    const auto answer = gp::InitializeUpdateAnswer::parse(material.answer, material.host_challenge.size());
    const crypto::KeySet keys = setup_.custody.key_set(material.asked.keys, answer.diversification_data);
    gp::ChannelOptions options;
    options.i = material.asked.i;
    options.aid = material.asked.aid;
    options.encrypt_empty_data = setup_.traits.encrypt_empty_data;
    Open open;
    open.channel = gp::Channel::open(keys, material.host_challenge, answer, material.asked.level, options);
    open.channel->take_up(past.mark);
    open.keys = {material.asked.keys, answer.key_version};
    open.domain = known->second.domain;
    open.logical_channel = known->second.logical_channel;
    open.diversification_data = answer.diversification_data;
    open.from_before = !same_process;
    channels_.emplace(material.channel, std::move(open));
  }
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
  doing_ = std::monostate();
  order_.reset();
  reply_.reset();
  std::visit(Overloaded{
                 [&](const host::Reset&) { begin_reset(); },
                 [&](const host::Exchange& exchange) { begin_exchange(exchange); },
                 [&](const host::OpenChannel& open) { begin_open(open); },
                 [&](const host::CloseChannel& close) {
                   channels_.erase(close.channel);
                   reply_ = host::ChannelClosed{};
                 },
                 [](const auto&) { throw Error(ErrorKind::internal, "a request that is none for the card"); },
             },
             request);
}

void CardSession::answered(const Report& report) {
  if (std::holds_alternative<Asking>(doing_)) return identity_answered(report);
  if (std::holds_alternative<Exchanging>(doing_)) return exchange_answered(report);
  try {
    require_answer(report);
    Opening& opening = std::get<Opening>(doing_);
    opening.took = report.took;
    opening.in_all += report.took;
    opening.open.channel ? authenticate_answered(report.answers[0]) : update_answered(report.answers[0]);
  } catch (const Error&) {
    setup_.budgets.attempts.give_up();
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

void CardSession::send_one(const card::Apdu& apdu, bool wrapped) {
  setup_.evidence.before_sending();
  order_ = Order{{{{apdu}, wrapped}}, true};
}

void CardSession::travelled(const Order::Item& item, const card::Response& answer) {
  const uint8_t status[] = {static_cast<uint8_t>(answer.sw >> 8), static_cast<uint8_t>(answer.sw)};
  setup_.evidence.travelled(item.bytes(), concat({answer.data, status}));
}

void CardSession::require_answer(const Report& report) {
  const Order::Item& item = order_->items.at(0);
  if (!report.answers.empty()) {
    travelled(item, report.answers[0]);
    return;
  }
  setup_.evidence.travelled(item.bytes(), {});
  throw report.error.value_or(Error(ErrorKind::reader, "no answer came"));
}

void CardSession::begin_exchange(const host::Exchange& request) {
  Open* open = channel_of(request);
  if (open != nullptr && request.plan.size() > 1 && std::any_of(request.plan.begin(), request.plan.end(), selects)) {
    throw Error(ErrorKind::channel,
                "SELECT ends the secure channel, so it cannot travel in one plan with others; "
                "send it alone");
  }
  if (open != nullptr) announce_keys(request, *open);
  Exchanging begun;
  begun.request = &request;
  if (open != nullptr) begun.domain = open->domain;
  doing_ = std::move(begun);
  next_order();
}

/// From the first command on that has no answer: as many as may travel at once.
void CardSession::next_order() {
  Exchanging& now = std::get<Exchanging>(doing_);
  const host::Exchange& request = *now.request;
  const size_t first = now.out.answers.size();
  order_.reset();
  now.marks.clear();
  if (first == request.plan.size()) {
    reply_ = std::move(now.out);
    return;
  }
  Open* open = channel_of(request);
  Order order;
  for (size_t at = first; at < request.plan.size(); ++at) {
    const host::Command& command = request.plan[at];
    if (at > first && (!setup_.relay || parts_before(request.plan, first, at, *setup_.relay))) break;
    if (open != nullptr && at > first && setup_.budgets.content.waits_for_answers(command)) break;
    if (open != nullptr) setup_.budgets.content.before(command);
    try {
      order.items.push_back(item_of(command, open));
    } catch (const Error&) {
      channels_.erase(request.channel);
      setup_.budgets.content.give_up();
      throw;
    }
    order.once = order.once || (open == nullptr && !changes_nothing(command));
    now.marks.push_back(open != nullptr ? open->channel->mark() : gp::Channel::Mark());
  }
  try {
    setup_.evidence.before_sending();
  } catch (const Error&) {
    channels_.erase(request.channel);
    setup_.budgets.content.give_up();
    throw;
  }
  order_ = std::move(order);
}

Order::Item CardSession::item_of(const host::Command& command, Open* open) {
  Custody::Resolved resolved = setup_.custody.resolve(command, open ? open->channel.get() : nullptr,
                                                      open ? ByteView(open->diversification_data) : ByteView());
  if (!open) {
    if (selects(command)) close_on(std::get<Exchanging>(doing_).request->logical_channel);
    return {{resolved.apdu}, false};
  }
  gp::Channel& channel = *open->channel;
  const card::Apdu wrapped =
      resolved.secret ? channel.wrap(resolved.apdu, *resolved.secret) : channel.wrap(resolved.apdu);
  return {travelling(wrapped, setup_.traits.extended_length), true};
}

void CardSession::exchange_answered(const Report& report) {
  Exchanging& now = std::get<Exchanging>(doing_);
  const Order order = std::move(*order_);
  order_.reset();
  const size_t first = now.out.answers.size();
  bool stopped = false;
  try {
    for (size_t i = 0; i < order.items.size(); ++i) {
      if (i == report.answers.size()) {
        if (stopped) break;  // the relay stopped there, too
        setup_.evidence.travelled(order.items[i].bytes(), {});
        throw report.error.value_or(Error(ErrorKind::reader, "no answer came"));
      }
      stopped = take_answer(now.request->plan[first + i], order.items[i], i, report) || stopped;
    }
  } catch (const Error&) {
    // Whatever was lost, the channel's chaining value is not to be trusted any more.
    channels_.erase(now.request->channel);
    setup_.budgets.content.give_up();
    throw;
  }
  if (stopped) {
    reply_ = std::move(now.out);
  } else {
    next_order();
  }
}

bool CardSession::take_answer(const host::Command& command, const Order::Item& item, size_t place,
                              const Report& report) {
  Exchanging& now = std::get<Exchanging>(doing_);
  const host::Exchange& request = *now.request;
  const card::Response& came = report.answers[place];
  travelled(item, came);
  host::Answer plain{came.data, came.sw};
  if (request.channel != 0) {
    Open& open = *channel_of(request);
    if ((open.from_before || report.again) && denies_channel(came.sw)) {
      throw Error(ErrorKind::reader, "the card does not know the secure channel any more that was open before (" +
                                         to_hex16(came.sw) + "): it was reset meanwhile, or was sent this twice");
    }
    open.from_before = false;
    const card::Response opened = open.channel->unwrap_at(now.marks[place], came);
    plain = {opened.data, opened.sw};
    const bool last = place + 1 == report.answers.size();
    if (last) open.channel->restore(now.marks[place]);  // what was wrapped and not sent never was
    if (selects(command)) close_on(open.logical_channel);
    settle(command, plain, now.domain);
  }
  setup_.observer.exchanged(command, request.channel, plain, report.took / report.answers.size());
  if (const auto moved = channels_.find(request.channel); moved != channels_.end()) {
    gp::Channel::Mark mark = now.marks[place];
    mark.response_chaining = moved->second.channel->mark().response_chaining;
    setup_.evidence.channel_moved(request.channel, mark);
  }
  selected_.answered(command, plain);
  const bool before = !now.out.answers.empty() && request.stop_on_error && stops_a_plan(now.out.answers.back().sw);
  // A relay that goes on has carried out more than the script is to know of: parts_before() keeps that harmless.
  if (!before) now.out.answers.push_back(plain);
  return request.stop_on_error && stops_a_plan(plain.sw);
}

void CardSession::settle(const host::Command& command, const host::Answer& answer, ByteView domain) {
  setup_.budgets.content.after(command, answer);
  if (answer.sw == 0x9000) setup_.budgets.attempts.went_well(command, setup_.gate.is_isd(domain) ? ByteView() : domain);
}

}  // namespace cw::engine
