#include "base/error.h"
#include "base/hex.h"
#include "channel_base_private.h"
#include "crypto/digest.h"

namespace cw::gp {

ChannelBase::ChannelBase(uint8_t i, uint8_t level, Dek dek, Bytes host_cryptogram)
    : i_(i), level_(level), dek_(std::move(dek)), host_cryptogram_(std::move(host_cryptogram)) {}

card::Apdu ChannelBase::external_authenticate() {
  if (state_ != State::authenticating) {
    throw Error(ErrorKind::usage,
                "EXTERNAL AUTHENTICATE was made already: it is sent once, open a new channel instead");
  }
  state_ = State::open;
  return protect_authenticate({0x80, 0x82, level_, 0x00, host_cryptogram_});
}

void ChannelBase::assume_authenticated(uint32_t commands_before) {
  state_ = State::open;
  counter_ = commands_before;
}

card::Apdu ChannelBase::wrap(const card::Apdu& plain) {
  require_open("wrapping a command");
  if (!has(kCmac)) return plain;
  return protect_next(plain, nullptr);
}

card::Apdu ChannelBase::wrap(const card::Apdu& header, const Secret& data) {
  require_open("wrapping a secret");
  if (!has(kCenc)) {
    throw Error(ErrorKind::channel, "wrapping a secret: the channel's level " + to_hex(level_) +
                                        " does not encrypt commands; open the channel with level mac+enc");
  }
  if (!header.data.empty()) throw Error(ErrorKind::usage, "wrapping a secret: the command has other data already");
  if (data.empty()) return wrap(header);
  return protect_next(header, &data);
}

// A command that cannot be wrapped is not sent, so it must not count either.
card::Apdu ChannelBase::protect_next(const card::Apdu& plain, const Secret* secret) {
  card::Apdu wrapped = protect(plain, secret, counter_ + 1);
  ++counter_;
  return wrapped;
}

card::Response ChannelBase::unwrap(const card::Response& wrapped) { return unwrap_at(mark(), wrapped); }

card::Response ChannelBase::unwrap_at(const Mark& mark, const card::Response& wrapped) {
  require_open("unwrapping an answer");
  if (!has(kRmac)) return wrapped;
  try {
    return open_response(mark, wrapped);
  } catch (const Error&) {
    state_ = State::broken;
    throw;
  }
}

Channel::Mark ChannelBase::mark() const { return {chaining(), counter_, response_chaining()}; }

void ChannelBase::restore(const Mark& mark) {
  require_open("going back to an earlier command");
  set_chaining(mark.chaining);
  counter_ = mark.counter;
}

void ChannelBase::take_up(const Mark& mark) {
  state_ = State::open;
  restore(mark);
  set_response_chaining(mark.response_chaining);
}

void ChannelBase::require_open(const char* doing) const {
  if (state_ == State::authenticating) {
    throw Error(ErrorKind::channel, std::string(doing) + ": the channel is not open; send EXTERNAL AUTHENTICATE first");
  }
  if (state_ == State::broken) {
    throw Error(ErrorKind::channel,
                std::string(doing) + ": the channel was closed because an answer failed its check; open a new one");
  }
}

void ChannelBase::refuse(const std::string& why) {
  throw Error(ErrorKind::channel, "unwrapping an answer: " + why + "; the channel is closed, open a new one");
}

void check_card_cryptogram(const crypto::KeySet& keys, const InitializeUpdateAnswer& answer, ByteView expected) {
  if (crypto::constant_time_equal(answer.card_cryptogram, expected)) return;
  throw Error(ErrorKind::channel,
              "opening a channel: card cryptogram does not match, so key set '" + keys.name +
                  "' is wrong for this card's key version " + to_hex(answer.key_version) +
                  "; EXTERNAL AUTHENTICATE was not sent; do not retry with these keys, the card may count it and lock; "
                  "check the key set, its version and its diversification");
}

void check_card_challenge(const InitializeUpdateAnswer& answer, ByteView expected) {
  if (crypto::constant_time_equal(answer.card_challenge, expected)) return;
  throw Error(
      ErrorKind::channel,
      "opening a channel: the card challenge is not the pseudo-random one that i announces; the AID is not that "
      "of the selected security domain, or the answer is from another session");
}

void check_level(uint8_t level, std::initializer_list<uint8_t> levels, const std::string& protocol) {
  std::string known;
  for (uint8_t other : levels) {
    if (other == level) return;
    known.append(" ").append(to_hex(other));
  }
  throw Error(ErrorKind::channel,
              "opening a channel: " + protocol + " has no security level " + to_hex(level) + "; it has" + known);
}

}  // namespace cw::gp
