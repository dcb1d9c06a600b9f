#include "journal/wire_check.h"

#include <algorithm>

#include "base/hex.h"
#include "card/apdu.h"
#include "crypto/digest.h"
#include "engine/forwarding_outside.h"
#include "engine/line_taker.h"

namespace cw::journal {

/// Hands everything on, and has what came of it followed.
class WireCheckedOutside : public engine::ForwardingOutside {
 public:
  WireCheckedOutside(std::unique_ptr<engine::RunOutside> inner, WireCheck& check)
      : ForwardingOutside(std::move(inner)), check_(check) {}

  Bytes reset() override {
    Bytes atr = inner_->reset();
    check_.follow(host::Reset{}, host::ResetDone{atr});
    return atr;
  }
  host::Reply carry_out() override {
    host::Reply reply = inner_->carry_out();
    check_.follow(inner_->request(), reply);
    return reply;
  }
  host::KeyInfo key_info(const std::string& set) override {
    host::KeyInfo info = inner_->key_info(set);
    check_.versions_[set] = info.version;
    return info;
  }
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override {
    host::KeyInfo info = inner_->unwrap(keys);
    try {
      check_.custody_.unwrap(keys);
    } catch (const Error&) {
      check_.missing_.insert(keys.under);
    }
    return info;
  }

 private:
  WireCheck& check_;
};

std::unique_ptr<engine::RunOutside> WireCheck::around(std::unique_ptr<engine::RunOutside> inner) {
  channels_.clear();
  unauthenticated_.reset();
  custody_.forget_unwrapped();
  return std::make_unique<WireCheckedOutside>(std::move(inner), *this);
}

void WireCheck::follow(const host::Request& request, const host::Reply& reply) {
  const std::vector<std::string> asked = engine::request_lines(request, true);
  static const std::vector<Wire> none;
  const std::vector<Wire>* wires = &none;
  if (!asked.empty() && next_wires_ < lines_.wires.size() && lines_.wires[next_wires_].request == asked.front()) {
    wires = &lines_.wires[next_wires_++].wires;
  }
  if (std::holds_alternative<host::Reset>(request)) channels_.clear();
  if (std::holds_alternative<host::Reset>(request) || std::holds_alternative<host::CloseChannel>(request)) {
    unauthenticated_.reset();
  }
  if (unauthenticated_ && engine::ends_unused(request, unauthenticated_->channel, unauthenticated_->logical_channel)) {
    unauthenticated_.reset();
  }
  std::vector<Wire> rest = *wires;
  if (unauthenticated_ && !rest.empty()) {
    if (unauthenticated_->sent.empty()) {
      ++unchecked_;
    } else {
      compare("EXTERNAL AUTHENTICATE ahead of " + asked.front(), unauthenticated_->sent, rest.front());
    }
    unauthenticated_.reset();
    rest.erase(rest.begin());
  }
  if (const auto* exchange = std::get_if<host::Exchange>(&request)) exchanged(*exchange, rest);
  if (const auto* open = std::get_if<host::OpenChannel>(&request)) {
    for (const host::Exchange& ahead : open->before) {
      const auto count = static_cast<std::ptrdiff_t>(std::min(rest.size(), ahead.plan.size()));
      exchanged(ahead, {rest.begin(), rest.begin() + count});
      rest.erase(rest.begin(), rest.begin() + count);
    }
    opened(*open, reply, rest);
  }
}

void WireCheck::compare(const std::string& what, ByteView travelled, const Wire& wire) {
  ++checked_;
  if (crypto::constant_time_equal(command_mac(key_, travelled), wire.command) || different_) return;
  different_ = what;
}

/// A key that is gone, or one that signs with other bytes each time.
bool WireCheck::misses_signer(const std::string& name) {
  try {
    return !custody_.signing_key(name)->repeatable();
  } catch (const Error&) {
    missing_.insert(name);
    return true;
  }
}

bool WireCheck::misses_keys(const host::Command& command) {
  bool out = false;
  for (const host::Part& part : command.data.parts()) {
    if (const auto* token = std::get_if<host::TokenPart>(&part)) out = misses_signer(token->key) || out;
    if (const auto* dap = std::get_if<host::DapPart>(&part)) out = misses_signer(dap->key) || out;
    const auto* key = std::get_if<host::KeyPart>(&part);
    if (key == nullptr) continue;
    try {
      custody_.info(key->set);
    } catch (const Error&) {
      const auto version = versions_.find(key->set);
      missing_.insert(key->set + (version == versions_.end() ? "" : ", version " + to_hex(version->second)));
      out = true;
    }
  }
  return out;
}

void WireCheck::exchanged(const host::Exchange& request, const std::vector<Wire>& wires) {
  const auto open = channels_.find(request.channel);
  if (request.channel != 0 && open == channels_.end()) {
    unchecked_ += static_cast<unsigned>(wires.size());
    return;
  }
  gp::Channel* channel = request.channel == 0 ? nullptr : open->second.channel.get();
  const std::vector<std::string> lines = engine::request_lines(request, true);
  for (size_t i = 0; i < wires.size() && i < request.plan.size(); ++i) {
    if (misses_keys(request.plan[i])) {
      // The chaining value of the channel is lost with it.
      channels_.erase(request.channel);
      unchecked_ += static_cast<unsigned>(wires.size() - i);
      return;
    }
    const engine::Custody::Resolved resolved =
        custody_.resolve(request.plan[i], channel, channel ? ByteView(open->second.diversification_data) : ByteView());
    card::Apdu apdu = resolved.apdu;
    if (channel) apdu = resolved.secret ? channel->wrap(resolved.apdu, *resolved.secret) : channel->wrap(resolved.apdu);
    Bytes travelled;
    const auto pieces = channel ? engine::travelling(apdu, traits_.extended_length) : std::vector<card::Apdu>{apdu};
    for (const card::Apdu& piece : pieces) append(travelled, piece.encode());
    compare(lines[i], travelled, wires[i]);
  }
}

void WireCheck::opened(const host::OpenChannel& request, const host::Reply& reply, const std::vector<Wire>& wires) {
  const auto* done = std::get_if<host::ChannelOpened>(&reply);
  if (done == nullptr || done->channel == 0) {
    unchecked_ += static_cast<unsigned>(wires.size());  // what its challenge was is not kept
    return;
  }
  if (wires.size() == 1) unauthenticated_ = {done->channel, request.logical_channel, {}};
  if (next_channel_ >= lines_.channels.size()) return;
  const engine::ChannelMaterial& material = lines_.channels[next_channel_++];
  const auto answer = gp::InitializeUpdateAnswer::parse(material.answer, material.host_challenge.size());
  Open open;
  open.diversification_data = answer.diversification_data;
  gp::ChannelOptions options;
  options.i = material.asked.i;
  options.aid = material.asked.aid;
  options.encrypt_empty_data = traits_.encrypt_empty_data;
  try {
    const crypto::KeySet keys = custody_.key_set(material.asked.keys, answer.diversification_data);
    open.channel = gp::Channel::open(keys, material.host_challenge, answer, material.asked.level, options);
  } catch (const Error&) {
    // Not there, or not what they were.
    missing_.insert(material.asked.keys + ", version " + to_hex(answer.key_version));
    unchecked_ += static_cast<unsigned>(wires.size());
    return;
  }
  card::Apdu update = gp::initialize_update(material.version, 0, material.host_challenge);
  update.cla = card::with_channel(update.cla, request.logical_channel);
  card::Apdu authenticate = open.channel->external_authenticate();
  authenticate.cla = card::with_channel(authenticate.cla, request.logical_channel);
  const std::string what = engine::request_lines(request, true).back();
  if (!wires.empty()) compare(what + " (INITIALIZE UPDATE)", update.encode(), wires[0]);
  if (wires.size() > 1) compare(what + " (EXTERNAL AUTHENTICATE)", authenticate.encode(), wires[1]);
  if (unauthenticated_) unauthenticated_->sent = authenticate.encode();
  channels_[done->channel] = std::move(open);
}

}  // namespace cw::journal
