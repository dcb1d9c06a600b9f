#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "scp03_private.h"
#include "secure_messaging_private.h"

namespace cw::gp {

namespace {

constexpr size_t kBlock = 16;

/// Data derivation constants, Amd D table 4-1.
enum Constant : uint8_t {
  kCardCryptogram = 0x00,
  kHostCryptogram = 0x01,
  kCardChallenge = 0x02,
  kSEnc = 0x04,
  kSMac = 0x06,
  kSRmac = 0x07,
};

/// i, Amd D table 5-1.
constexpr uint8_t kPseudoRandom = 0x10, kRmacSupport = 0x20, kRencSupport = 0x40;

size_t padded_size(size_t size) { return size / kBlock * kBlock + kBlock; }

/// What is encrypted to the ICV (Amd D 6.2.6, 6.2.7): the counter, with 80 in front of it for responses.
crypto::Block16 counter_block(uint32_t counter, bool response) {
  crypto::Block16 out{};
  out[0] = response ? 0x80 : 0x00;
  for (size_t k = 0; k < 4; ++k) out[15 - k] = static_cast<uint8_t>(counter >> (8 * k));
  return out;
}

void check_options(uint8_t i, uint8_t level) {
  check_level(level, {0x00, 0x01, 0x03, 0x11, 0x13, 0x33}, "SCP03");
  const uint8_t needed = static_cast<uint8_t>((level & kRmac ? kRmacSupport : 0) | (level & kRenc ? kRencSupport : 0));
  if ((i & needed) != needed) {
    throw Error(ErrorKind::channel, "opening a channel: level " + to_hex(level) +
                                        " needs R-MAC or R-ENCRYPTION, and "
                                        "the card's SCP03 with i=" +
                                        to_hex(i) + " does not have it; use mac+enc, or give i if the card's is wrong");
  }
}

}  // namespace

std::unique_ptr<ChannelBase> open_scp03(const crypto::KeySet& keys, ByteView host_challenge,
                                        const InitializeUpdateAnswer& answer, uint8_t level,
                                        const ChannelOptions& options) {
  const uint8_t i = options.i.value_or(answer.i.value_or(0));
  check_options(i, level);

  const Bytes context = concat({host_challenge, answer.card_challenge});
  const auto session_key = [&](const crypto::Key& key, Constant constant) {
    return key.scp03_session(constant, context);
  };
  Scp03Session session{.i = i,
                       .level = level,
                       .mac_size = answer.s16 ? kBlock : kBlock / 2,
                       .encrypt_empty_data = options.encrypt_empty_data,
                       .enc = session_key(*keys.enc, kSEnc),
                       .mac = session_key(*keys.mac, kSMac),
                       .dek = keys.dek};
  Bytes cryptogram(session.mac_size);
  crypto::scp03_derive(session.mac, kCardCryptogram, context, cryptogram);
  check_card_cryptogram(keys, answer, cryptogram);
  if (i & kPseudoRandom && !options.aid.empty()) {
    check_card_challenge(answer,
                         keys.enc->derive_scp03_data(kCardChallenge, concat({answer.sequence_counter, options.aid}),
                                                     static_cast<unsigned>(answer.card_challenge.size() * 8)));
  }
  crypto::scp03_derive(session.mac, kHostCryptogram, context, cryptogram);
  session.host_cryptogram = std::move(cryptogram);
  if (level & kRmac) session.rmac = session_key(*keys.mac, kSRmac);
  return std::make_unique<Scp03>(std::move(session));
}

Scp03::Scp03(Scp03Session session)
    : ChannelBase(session.i, session.level, Dek(std::move(session.dek)), std::move(session.host_cryptogram)),
      mac_size_(session.mac_size),
      encrypt_empty_data_(session.encrypt_empty_data),
      enc_(std::move(session.enc)),
      mac_(std::move(session.mac)),
      rmac_(std::move(session.rmac)) {}

size_t Scp03::max_data() const {
  if (!has(kCmac)) return 255;
  const size_t room = 255 - mac_size_;
  return has(kCenc) ? room / kBlock * kBlock - 1 : room;
}

// Amd D 6.2.6, then 6.2.4: encrypt, then MAC the cipher text.
card::Apdu Scp03::protect(const card::Apdu& plain, const Secret* secret, uint32_t number) {
  const size_t size = secret != nullptr ? secret->size() : plain.data.size();
  const bool encrypts = has(kCenc) && (size != 0 || encrypt_empty_data_);
  const size_t body = encrypts ? padded_size(size) : size;
  card::Apdu out = protected_header(plain, takes_extended_form(plain, body + mac_size_));
  if (secret != nullptr) {
    out.data = enc_.cbc_encrypt_padded(enc_.encrypt_block(counter_block(number, false)), *secret);
  } else if (encrypts) {
    // The ICV is the encrypted counter block, so it is also the first block of CBC with zero ICV over counter block and
    // data: one pass gives both.
    out.data.resize(kBlock + body);
    const crypto::Block16 block = counter_block(number, false);
    std::copy(plain.data.begin(), plain.data.end(), std::copy(block.begin(), block.end(), out.data.begin()));
    out.data[kBlock + size] = 0x80;
    enc_.cbc_encrypt({}, out.data, out.data);
    out.data.erase(out.data.begin(), out.data.begin() + kBlock);
  } else {
    out.data.reserve(body + mac_size_);
    append(out.data, plain.data);
  }
  append_mac(plain, out);
  return out;
}

card::Apdu Scp03::protect_authenticate(const card::Apdu& plain) {
  card::Apdu out = protected_header(plain, false);
  out.data = plain.data;
  append_mac(plain, out);
  return out;
}

void Scp03::append_mac(const card::Apdu& plain, card::Apdu& out) {
  const MacHeader header(maced_cla(plain.cla), plain, out.data.size() + mac_size_, out.extended);
  chaining_ = mac_.cmac({chaining_, header.view(), out.data});
  append(out.data, ByteView(chaining_).first(mac_size_));
}

// Amd D 6.2.5 and 6.2.7.
card::Response Scp03::open_response(const Mark& mark, const card::Response& wrapped) {
  if (!is_protected_status(wrapped.sw)) {
    if (!wrapped.data.empty()) refuse("data with the error " + to_hex16(wrapped.sw) + ", which no R-MAC covers");
    return wrapped;
  }
  if (wrapped.data.size() < mac_size_) {
    refuse("R-MAC missing: " + std::to_string(wrapped.data.size()) + " data bytes with " + to_hex16(wrapped.sw));
  }
  const ByteView body = ByteView(wrapped.data).first(wrapped.data.size() - mac_size_);
  const uint8_t sw[] = {static_cast<uint8_t>(wrapped.sw >> 8), static_cast<uint8_t>(wrapped.sw)};
  const crypto::Block16 mac = rmac_->cmac({mark.chaining, body, sw});
  if (!crypto::constant_time_equal(ByteView(mac).first(mac_size_), ByteView(wrapped.data).last(mac_size_))) {
    refuse("R-MAC wrong: the answer was changed, or is not the answer to this command");
  }
  if (!has(kRenc) || body.empty()) return {to_bytes(body), wrapped.sw};
  if (body.size() % kBlock != 0) refuse("encrypted data of " + std::to_string(body.size()) + " bytes: no whole blocks");
  Bytes plain = enc_.cbc_decrypt(enc_.encrypt_block(counter_block(mark.counter, true)), body);
  // Some cards pad by a block more than needed. The R-MAC has vouched for the padding already.
  while (!plain.empty() && plain.back() == 0x00) plain.pop_back();
  if (plain.empty() || plain.back() != 0x80) refuse("decrypted data is not padded with 80 00..");
  plain.pop_back();
  return {std::move(plain), wrapped.sw};
}

void Scp03::set_chaining(const Bytes& value) {
  if (value.size() != kBlock) throw Error(ErrorKind::usage, "SCP03 chaining value of a wrong length");
  std::copy(value.begin(), value.end(), chaining_.begin());
}

}  // namespace cw::gp
