// A card whose session another process had, or this one before it dropped the run: channels go on, and an order that is
// out is made again.
#include <algorithm>
#include <utility>

#include "engine/card_session.h"

namespace cw::engine {

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
    open.authenticate = open.channel->external_authenticate();
    open.authenticate.cla = card::with_channel(open.authenticate.cla, known->second.logical_channel);
    open.channel->take_up(past.mark);
    open.keys = {material.asked.keys, answer.key_version};
    open.domain = known->second.domain;
    open.logical_channel = known->second.logical_channel;
    open.diversification_data = answer.diversification_data;
    open.from_before = !same_process;
    channels_.emplace(material.channel, std::move(open));
  }
}

SessionStand CardSession::stand() const {
  SessionStand out;
  for (const auto& [id, open] : channels_) out.channels.push_back(id);
  out.selected = selected_;
  out.by_itself = default_;
  out.next = next_id_;
  out.owes_identity = owed_.has_value();
  out.authenticates = unauthenticated_;
  out.relayed = relayed_;
  out.attempt = setup_.budgets.attempts.stand();
  out.unfinished = setup_.budgets.attempts.unfinished();
  out.loads = setup_.budgets.content.stand();
  return out;
}

void CardSession::resume(const OutPast& out) {
  const SessionStand& stand = out.stand;
  const auto stands = [&](host::ChannelId id) { return std::count(stand.channels.begin(), stand.channels.end(), id); };
  std::erase_if(channels_, [&](const auto& entry) { return stands(entry.first) == 0; });
  if (channels_.size() != stand.channels.size()) {
    throw Error(ErrorKind::reader, "a secure channel that was open is not in the run's journal");
  }
  selected_ = stand.selected;
  default_ = stand.by_itself;
  next_id_ = stand.next;
  if (stand.owes_identity) owe_identity();
  unauthenticated_ = stand.authenticates;
  relayed_ = stand.relayed;
  setup_.budgets.attempts.take_up(stand.attempt, stand.unfinished);
  setup_.budgets.content.take_up(stand.loads);
  again_.assign(out.orders.begin(), out.orders.end());
}

void CardSession::goes_out() {
  if (setup_.relay) {
    OrderMade made;
    for (const Order::Item& item : order_->items) append(made.bytes, item.bytes());
    made.items = order_->items.size();
    const bool updates = !pieces_.empty() && pieces_.back().what == Piece::What::update;
    if (updates) made.host_challenge = std::get<Doing>(doing_).handshake->host_challenge;
    made.stand = stand_ ? &*stand_ : nullptr;
    made.after = came_;
    made.again = !again_.empty();
    setup_.evidence.ordered(made);
    stand_.reset();
    came_ = nullptr;
    if (!again_.empty()) {
      told_ = std::move(again_.front().report);
      again_.pop_front();
    }
  }
  setup_.evidence.before_sending();
}

void CardSession::not_made_again(const Error& error) {
  if (error.kind() == ErrorKind::reader || error.kind() == ErrorKind::store) throw Error(error);
  throw Error(ErrorKind::reader, "the order that the device has cannot be made again: " + error.message());
}

}  // namespace cw::engine
