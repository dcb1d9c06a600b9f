#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "des_channel_private.h"
#include "secure_messaging_private.h"

namespace cw::gp {

namespace {

constexpr size_t kBlock = 8;
constexpr size_t kMacSize = 8;

}  // namespace

DesChannel::DesChannel(DesSession session)
    : ChannelBase(session.i, session.level, Dek(std::move(session.dek)), std::move(session.host_cryptogram)),
      scp_(session.scp),
      icv_encryption_(session.icv_encryption),
      enc_(std::move(session.enc)),
      mac_(std::move(session.mac)),
      rmac_(std::move(session.rmac)) {}

size_t DesChannel::max_data() const {
  if (!has(kCmac)) return 255;
  const size_t room = 255 - kMacSize;
  return has(kCenc) ? room / kBlock * kBlock - 1 : room;
}

/// Data bytes after encryption: SCP02 always pads (E.4.6); SCP01 puts a length byte in front and pads if needed
/// (D.3.4).
size_t DesChannel::protected_size(size_t size) const {
  if (!has(kCenc) || size == 0) return size;
  if (scp_ == Scp::scp02) return size / kBlock * kBlock + kBlock;
  if (size > 255) {
    throw Error(ErrorKind::usage,
                "wrapping a command: SCP01 encrypts at most 255 data bytes, these are " + std::to_string(size));
  }
  return (size + 1 + kBlock - 1) / kBlock * kBlock;
}

card::Apdu DesChannel::protect(const card::Apdu& plain, const Secret* secret, uint32_t number) {
  const size_t size = secret != nullptr ? secret->size() : plain.data.size();
  const size_t body = protected_size(size);
  const bool extended = takes_extended_form(plain, body + kMacSize);
  card::Apdu out = protected_header(plain, extended);
  const crypto::Block8 mac = command_mac(plain, secret, extended);
  if (rmac_) keep_for_response(plain, secret, extended, number);
  out.data = has(kCenc) && size != 0 ? encrypt(plain, secret) : plain.data;
  append(out.data, mac);
  return out;
}

card::Apdu DesChannel::protect_authenticate(const card::Apdu& plain) {
  card::Apdu out = protected_header(plain, false);
  out.data = plain.data;
  last_rmac_ = command_mac(plain, nullptr, false);
  append(out.data, last_rmac_);
  return out;
}

/// The first ICV is zero and never encrypted (D.3.3, E.3.4).
crypto::Block8 DesChannel::icv() const {
  if (!last_mac_) return {};
  if (!icv_encryption_) return *last_mac_;
  if (scp_ == Scp::scp02) return mac_.single_encrypt(*last_mac_);
  return mac_.triple_encrypt(*last_mac_);
}

crypto::Block8 DesChannel::command_mac(const card::Apdu& plain, const Secret* secret, bool extended) {
  const size_t size = secret != nullptr ? secret->size() : plain.data.size();
  const MacHeader header(maced_cla(plain.cla), plain, size + kMacSize, extended);
  if (scp_ == Scp::scp01) {
    last_mac_ =
        secret != nullptr ? mac_.mac(icv(), header.view(), *secret) : mac_.mac(icv(), {header.view(), plain.data});
  } else {
    last_mac_ = secret != nullptr ? mac_.retail_mac(icv(), header.view(), *secret)
                                  : mac_.retail_mac(icv(), {header.view(), plain.data});
  }
  return *last_mac_;
}

Bytes DesChannel::encrypt(const card::Apdu& plain, const Secret* secret) const {
  if (scp_ == Scp::scp02) {
    return secret != nullptr ? enc_.cbc_encrypt_padded({}, *secret) : enc_.cbc_encrypt_padded({}, plain.data);
  }
  const uint8_t length[] = {static_cast<uint8_t>(secret != nullptr ? secret->size() : plain.data.size())};
  const Secret prefixed = crypto::join({{length}, {plain.data, secret}});
  return enc_.cbc_encrypt({},
                          prefixed.size() % kBlock == 0 ? prefixed.clone() : crypto::padded(prefixed, kBlock, 0x80));
}

/// The command part of the R-MAC (E.4.5): CLA without secure messaging and channel, Lc also where there is no data.
void DesChannel::keep_for_response(const card::Apdu& plain, const Secret* secret, bool extended, uint32_t number) {
  const size_t size = secret != nullptr ? secret->size() : plain.data.size();
  const MacHeader header(static_cast<uint8_t>(plain.cla & 0x90), plain, size, extended);
  unanswered_.insert_or_assign(number, crypto::join({{header.view()}, {plain.data, secret}}));
}

card::Response DesChannel::open_response(const Mark& mark, const card::Response& wrapped) {
  const auto command = unanswered_.find(mark.counter);
  if (command == unanswered_.end()) refuse("no command waits for it; SCP02 with R-MAC takes answers once and in order");
  const Secret sent = std::move(command->second);
  unanswered_.erase(unanswered_.begin(), std::next(command));
  if (wrapped.data.empty() && !is_protected_status(wrapped.sw)) return wrapped;
  if (wrapped.data.size() < kMacSize) {
    refuse("R-MAC missing: " + std::to_string(wrapped.data.size()) + " data bytes with " + to_hex16(wrapped.sw));
  }
  const ByteView body = ByteView(wrapped.data).first(wrapped.data.size() - kMacSize);
  const uint8_t length[] = {static_cast<uint8_t>(body.size())};
  const uint8_t sw[] = {static_cast<uint8_t>(wrapped.sw >> 8), static_cast<uint8_t>(wrapped.sw)};
  const Secret message = crypto::join({{{}, &sent}, {length}, {body}, {sw}});
  const crypto::Block8 mac = rmac_->retail_mac(last_rmac_, {}, message);
  if (!crypto::constant_time_equal(mac, ByteView(wrapped.data).last(kMacSize))) {
    refuse("R-MAC wrong: the answer was changed, or is not the answer to this command");
  }
  last_rmac_ = mac;
  return {to_bytes(body), wrapped.sw};
}

Bytes DesChannel::chaining() const { return last_mac_ ? Bytes(last_mac_->begin(), last_mac_->end()) : Bytes(); }

void DesChannel::set_chaining(const Bytes& value) {
  if (value.empty()) {
    last_mac_.reset();
    return;
  }
  if (value.size() != kMacSize) throw Error(ErrorKind::usage, "SCP01 or SCP02 chaining value of a wrong length");
  last_mac_.emplace();
  std::copy(value.begin(), value.end(), last_mac_->begin());
}

Bytes DesChannel::response_chaining() const { return rmac_ ? to_bytes(last_rmac_) : Bytes(); }

void DesChannel::set_response_chaining(const Bytes& value) {
  if (value.size() == last_rmac_.size()) std::copy(value.begin(), value.end(), last_rmac_.begin());
}

}  // namespace cw::gp
