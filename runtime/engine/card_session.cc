#include "engine/card_session.h"

#include <algorithm>

#include "base/hex.h"
#include "card/status.h"
#include "crypto/digest.h"
#include "engine/card_identity.h"
#include "engine/key_candidates.h"
#include "gp/chaining.h"

namespace cw::engine {

namespace {

using Clock = std::chrono::steady_clock;

/// What a card says to a wrapped command where no secure channel is open: security status not satisfied, conditions of
/// use not satisfied, secure messaging objects missing or wrong, class not supported.
bool denies_channel(uint16_t sw) {
  return sw == 0x6982 || sw == 0x6985 || sw == 0x6987 || sw == 0x6988 || sw == 0x6E00;
}

[[noreturn]] void refuse(const card::Apdu& apdu, uint16_t sw) {
  throw Error(ErrorKind::card, card::explain(sw, apdu.cla, apdu.ins, apdu.p1), sw);
}

/// What INITIALIZE UPDATE is refused with before the card has looked at a key: no such key version, another length of
/// the challenge, no such command, class or channel.
bool refused_before_keys(uint16_t sw) {
  return sw == 0x6A88 || sw == 0x6A86 || sw == 0x6700 || sw == 0x6D00 || (sw >> 8) == 0x6E || (sw >> 8) == 0x68;
}

}  // namespace

std::vector<card::Apdu> travelling(const card::Apdu& wrapped, bool extended_length) {
  if (wrapped.data.size() <= 255 || extended_length) return {wrapped};
  const bool more_in_p1 = wrapped.ins == 0xE6 || wrapped.ins == 0xD8 || wrapped.ins == 0xE4;  // GPCS 11.1.5.1
  return gp::chain(wrapped, more_in_p1 ? gp::ChainingMark::more_in_p1 : gp::ChainingMark::iso);
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
    const crypto::KeySet keys = custody_.key_set(material.asked.keys, answer.diversification_data);
    gp::ChannelOptions options;
    options.i = material.asked.i;
    options.aid = material.asked.aid;
    options.encrypt_empty_data = traits_.encrypt_empty_data;
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

host::ResetDone CardSession::perform(const host::Reset&) {
  evidence_.before_sending();
  forget();
  budgets_.content.give_up();
  host::ResetDone done{reader_.reset()};
  if (budgets_.wants_identity()) done.atr = identify(std::move(done.atr));
  observer_.card_reset(done.atr);
  return done;
}

Bytes CardSession::identify(Bytes atr) {
  const auto ask = [&](const card::Apdu& command) { return transmit({command}, false); };
  std::optional<std::string> identity = told_identity(ask);
  if (!identity) {
    // Something else may be selected after a reset. The flow is to find that as it was.
    card::Apdu select;
    select.ins = 0xA4;
    select.p1 = 0x04;
    select.le = 256;
    ask(select);
    identity = told_identity(ask);
    atr = reader_.reset();
  }
  const std::string known = identity.value_or(identity_by_atr(atr));
  budgets_.card_is(known);
  evidence_.card_is(known);
  return atr;
}

host::ChannelClosed CardSession::perform(const host::CloseChannel& request) {
  channels_.erase(request.channel);
  return {};
}

void CardSession::close_on(uint8_t logical_channel) {
  std::erase_if(channels_, [&](const auto& entry) { return entry.second.logical_channel == logical_channel; });
}

KeyWatch::Place CardSession::place_of(const Open& open) const {
  const std::string& told = budgets_.attempts.card();
  return {told.empty() ? "KDD-" + to_hex(open.diversification_data) : told,
          gate_.is_isd(open.domain) ? Bytes() : open.domain};
}

/// A domain without keys may be given those of its parent, as on a tester's desk. All else that gives a card the keys
/// it has is a mistake, and after a lost answer nothing could tell what became of it.
void CardSession::refuse_same_keys(const host::Command& put_key, const std::string& set, const Open& open) const {
  const bool replaces = put_key.p1 != 0;
  const bool diversified = custody_.info(set).kcvs.empty() && custody_.info(open.keys.set).kcvs.empty();
  if (!replaces && !diversified) return;
  const auto of_card = [&](const std::string& name) { return custody_.key_set(name, open.diversification_data); };
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
    key_watch_.about_to_put_keys(place_of(open), open.keys, *keys);
    announced = keys;
  }
}

card::Response CardSession::transmit(const std::vector<card::Apdu>& pieces, bool wrapped) {
  card::TransportOptions options;
  options.extended_length = traits_.extended_length;
  options.repeat_wrong_le = !wrapped;  // wrapped bytes are never sent twice
  evidence_.before_sending();
  Bytes travelled;
  for (const card::Apdu& piece : pieces) append(travelled, piece.encode());
  card::Response response;
  try {
    for (const card::Apdu& piece : pieces) {
      response = card::exchange(reader_, piece, options);
      if (response.sw != 0x9000) break;
    }
  } catch (const Error&) {
    evidence_.travelled(travelled, {});
    throw;
  }
  const uint8_t status[] = {static_cast<uint8_t>(response.sw >> 8), static_cast<uint8_t>(response.sw)};
  evidence_.travelled(travelled, concat({response.data, status}));
  return response;
}

host::Answers CardSession::perform(const host::Exchange& request) {
  Open* open = nullptr;
  if (request.channel != 0) {
    const auto found = channels_.find(request.channel);
    if (found == channels_.end()) {
      throw Error(ErrorKind::channel, "the secure channel is not open any more; open it again");
    }
    open = &found->second;
    if (std::any_of(request.plan.begin(), request.plan.end(), selects) && request.plan.size() > 1) {
      throw Error(ErrorKind::channel,
                  "SELECT ends the secure channel, so it cannot travel in one plan with others; "
                  "send it alone");
    }
  }
  if (open != nullptr) announce_keys(request, *open);
  const Bytes domain = open ? open->domain : Bytes();  // a SELECT ends the channel
  host::Answers out;
  out.answers.reserve(request.plan.size());
  for (const host::Command& command : request.plan) {
    if (request.channel != 0) budgets_.content.before(command);
    const auto begin = Clock::now();
    try {
      out.answers.push_back(send(command, open, open ? open->logical_channel : request.logical_channel));
    } catch (const Error&) {
      // Whatever was lost, the channel's chaining value is not to be trusted any more.
      channels_.erase(request.channel);
      budgets_.content.give_up();
      throw;
    }
    if (request.channel != 0) settle(command, out.answers.back(), domain);
    observer_.exchanged(command, request.channel, out.answers.back(), Clock::now() - begin);
    if (const auto moved = channels_.find(request.channel); moved != channels_.end()) {
      evidence_.channel_moved(request.channel, moved->second.channel->mark());
    }
    selected_.answered(command, out.answers.back());
    if (request.stop_on_error && stops_a_plan(out.answers.back().sw)) break;
  }
  return out;
}

host::Answer CardSession::send(const host::Command& command, Open* open, uint8_t logical_channel) {
  Custody::Resolved resolved = custody_.resolve(command, open ? open->channel.get() : nullptr,
                                                open ? ByteView(open->diversification_data) : ByteView());
  if (!open) {
    if (selects(command)) close_on(logical_channel);
    const card::Response response = transmit({resolved.apdu}, false);
    return {response.data, response.sw};
  }
  gp::Channel& channel = *open->channel;
  const card::Apdu wrapped =
      resolved.secret ? channel.wrap(resolved.apdu, *resolved.secret) : channel.wrap(resolved.apdu);
  const card::Response travelled = transmit(travelling(wrapped, traits_.extended_length), true);
  if (open->from_before && denies_channel(travelled.sw)) {
    throw Error(ErrorKind::reader, "the card does not know the secure channel any more that was open before (" +
                                       to_hex16(travelled.sw) + "): it was reset meanwhile");
  }
  open->from_before = false;
  const card::Response plain = channel.unwrap(travelled);
  if (selects(command)) close_on(logical_channel);
  return {plain.data, plain.sw};
}

void CardSession::settle(const host::Command& command, const host::Answer& answer, ByteView domain) {
  budgets_.content.after(command, answer);
  if (answer.sw == 0x9000) budgets_.attempts.went_well(command, gate_.is_isd(domain) ? ByteView() : domain);
}

host::ChannelOpened CardSession::perform(const host::OpenChannel& request) {
  const crypto::KeySet stored = custody_.key_set(request.keys, {});
  const uint8_t version = request.key_version ? request.key_version : stored.version;
  const Bytes domain = selected_.on(request.logical_channel);
  close_on(request.logical_channel);
  budgets_.attempts.charge({gate_.is_isd(domain) ? Bytes() : domain, version}, key_candidates(request));
  try {
    return shake_hands(request, version, domain);
  } catch (const Error&) {
    budgets_.attempts.give_up();
    throw;
  }
}

host::ChannelOpened CardSession::shake_hands(const host::OpenChannel& request, uint8_t version, const Bytes& domain) {
  const auto begin = Clock::now();
  const Bytes host_challenge = crypto::random_bytes(request.s16 ? 16 : 8);
  card::Apdu update = gp::initialize_update(version, 0, host_challenge);
  update.cla = card::with_channel(update.cla, request.logical_channel);
  const card::Response answer = transmit({update}, false);
  // The challenge is fresh each time and of no use to a reader: the canonical form goes without it.
  host::Command shown = host::command_of(update);
  shown.data = host::Data();
  observer_.exchanged(shown, 0, {answer.data, answer.sw}, Clock::now() - begin);
  if (!answer.ok()) {
    if (refused_before_keys(answer.sw)) budgets_.attempts.not_tried();
    refuse(update, answer.sw);
  }

  const auto parsed = gp::InitializeUpdateAnswer::parse(answer.data, host_challenge.size());
  budgets_.attempts.answered(parsed.diversification_data, parsed.key_version);
  if (request.scp && *request.scp != static_cast<uint8_t>(parsed.scp)) {
    throw Error(ErrorKind::channel, "opening a channel with '" + request.keys + "': the card speaks SCP0" +
                                        std::to_string(static_cast<int>(parsed.scp)) +
                                        " with this key version, and SCP0" + std::to_string(*request.scp) +
                                        " was asked for");
  }
  try {
    gate_.admit_protocol(static_cast<uint8_t>(parsed.scp), request.level);
  } catch (const Error&) {
    evidence_.refused(gate_.refusal());
    throw;
  }

  gp::ChannelOptions options;
  options.i = request.i;
  options.aid = request.aid;
  options.encrypt_empty_data = traits_.encrypt_empty_data;
  KeyMatch match;
  try {
    match = match_keys(custody_, request, host_challenge, parsed, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::channel) {
      evidence_.keys_refused(key_candidates(request));
      budgets_.attempts.refused(key_candidates(request));
    }
    throw;
  }
  Open open;
  open.channel = std::move(match.channel);
  open.keys = {match.keys, parsed.key_version};

  card::Apdu authenticate = open.channel->external_authenticate();
  authenticate.cla = card::with_channel(authenticate.cla, request.logical_channel);
  const auto middle = Clock::now();
  const card::Response authenticated = transmit({authenticate}, true);
  host::Command shown_authenticate = host::command_of(authenticate);
  shown_authenticate.data = host::Data();
  observer_.exchanged(shown_authenticate, 0, {authenticated.data, authenticated.sw}, Clock::now() - middle);
  if (!authenticated.ok()) {
    evidence_.keys_refused({match.keys});
    budgets_.attempts.refused({match.keys});
    refuse(authenticate, authenticated.sw);
  }
  budgets_.attempts.verified();

  open.domain = domain;
  open.logical_channel = request.logical_channel;
  open.diversification_data = parsed.diversification_data;
  host::ChannelOpened opened;
  opened.channel = next_id_++;
  opened.scp = static_cast<uint8_t>(open.channel->scp());
  opened.i = open.channel->i();
  opened.level = open.channel->level();
  opened.key_version = parsed.key_version;
  opened.diversification_data = parsed.diversification_data;
  opened.sequence_counter = parsed.sequence_counter;
  opened.max_data = static_cast<uint32_t>(open.channel->max_data());
  host::OpenChannel decided = request;  // with the keys that the card has
  decided.keys = match.keys;
  decided.or_keys.clear();
  if (!request.or_keys.empty()) opened.keys = match.keys;
  evidence_.channel_opened({opened.channel, decided, version, host_challenge, answer.data});
  evidence_.channel_moved(opened.channel, open.channel->mark());
  key_watch_.channel_opened(place_of(open), open.keys);
  channels_.emplace(opened.channel, std::move(open));
  observer_.channel_opened(decided, opened, Clock::now() - begin);
  return opened;
}

}  // namespace cw::engine
