// SCP03, the card's side (GP Amendment D 1.2).
#include "crypto/aes.h"
#include "crypto/digest.h"
#include "session_private.h"

namespace cw::se {
namespace {

using crypto::Aes;
using crypto::Block16;

// Derivation constants of Amd D table 4-1.
constexpr uint8_t kCardCryptogram = 0x00;
constexpr uint8_t kHostCryptogram = 0x01;
constexpr uint8_t kCardChallenge = 0x02;
constexpr uint8_t kSessionEnc = 0x04;
constexpr uint8_t kSessionMac = 0x06;
constexpr uint8_t kSessionRmac = 0x07;

Aes keyed(const CardKey& key) { return Aes(Secret::copy(key.parts[0].value)); }

// Amd D 4.1.5: SP 800-108 in counter mode over CMAC; label of 11 zeros and the constant, separator, length, counter.
Bytes derive(const Aes& key, uint8_t constant, ByteView context, size_t bytes) {
  Bytes output;
  for (uint8_t counter = 1; output.size() < bytes; ++counter) {
    std::array<uint8_t, 16> head{};
    head[11] = constant;
    head[13] = u8(bytes * 8 >> 8);
    head[14] = u8(bytes * 8);
    head[15] = counter;
    append(output, key.cmac({head, context}));
  }
  output.resize(bytes);
  return output;
}

class Scp03 : public SecureSession {
 public:
  Scp03(const Opening& opening, Bytes challenge, const Aes& enc, const Aes& mac)
      : i_(opening.i),
        size_(scp03_is_s16(opening.i) ? 16 : 8),
        counter_(opening.counter),
        challenge_(std::move(challenge)),
        context_(concat({opening.host_challenge, challenge_})),
        enc_(Secret::take(derive(enc, kSessionEnc, context_, enc.key_size()))),
        mac_(Secret::take(derive(mac, kSessionMac, context_, mac.key_size()))),
        rmac_(Secret::take(derive(mac, kSessionRmac, context_, mac.key_size()))),
        dek_(keyed(*opening.dek)) {}

  Bytes answer() const override {
    Bytes out = begin_with({0x03, i_}, 2 * size_ + 3);
    append(out, challenge_);
    append(out, derive(mac_, kCardCryptogram, context_, size_));
    if (scp03_is_pseudo_random(i_)) append_be(out, counter_, 3);
    return out;
  }

  bool can(uint8_t wanted) const override {
    switch (wanted) {
      case 0x00:
      case 0x01:
      case 0x03:
        return true;
      case 0x11:
      case 0x13:
        return (i_ & 0x20) != 0;
      case 0x33:
        return (i_ & 0x60) == 0x60;
      default:
        return false;
    }
  }

  bool authenticate(const Command& command, bool& cryptogram_ok) override {
    cryptogram_ok =
        command.data.size() == 2 * size_ &&
        crypto::constant_time_equal(command.data.first(size_), derive(mac_, kHostCryptogram, context_, size_));
    if (!cryptogram_ok || !check_mac(command)) return false;
    open_at(command.p1);
    return true;
  }

  bool unwrap(Command& command, Bytes& storage) override {
    if (!check_mac(command)) return false;
    command.data = command.data.first(command.data.size() - size_);
    if (!has(level::kCdec)) return true;

    ++messages_;
    if (command.data.empty()) return !encrypts_empty_data;
    if (command.data.size() % 16 != 0) return false;
    storage.resize(command.data.size());
    enc_.cbc_decrypt(icv(0x00), command.data, storage);
    const std::optional<size_t> plain = unpadded_size(storage);
    if (!plain) return false;
    command.data = ByteView(storage).first(*plain);
    return true;
  }

  void wrap(Reply& reply) override {
    if (has(level::kRenc) && !reply.data.empty()) {
      pad(reply.data, 16);
      enc_.cbc_encrypt(icv(0x80), reply.data, reply.data);
    }
    if (!has(level::kRmac)) return;
    const std::array<uint8_t, 2> status = {u8(reply.status >> 8), u8(reply.status)};
    const Block16 full = rmac_.cmac({chaining_, reply.data, status});
    append(reply.data, ByteView(full).first(size_));
  }

  Bytes decrypt_key_data(ByteView data) const override { return dek_.cbc_decrypt(Block16{}, data); }
  size_t dek_block() const override { return 16; }

 private:
  // Amd D 6.2.4. The chaining value moves only with a genuine command; after another the session is dead anyway.
  bool check_mac(const Command& command) {
    if (command.data.size() < size_) return false;
    const size_t body = command.data.size() - size_;
    Bytes head = begin_with({mac_class(command.cla), command.ins, command.p1, command.p2}, 3);
    append_lc(head, command.data.size());
    const Block16 full = mac_.cmac({chaining_, head, command.data.first(body)});
    if (!crypto::constant_time_equal(ByteView(full).first(size_), command.data.subspan(body))) return false;
    chaining_ = full;
    return true;
  }

  // Amd D 6.2.6, 6.2.7: the number of the command, encrypted; 80 in front of it for the answer.
  Block16 icv(uint8_t top) const {
    Block16 block{};
    block[0] = top;
    for (size_t at = 0; at < 4; ++at) block[15 - at] = u8(messages_ >> (8 * at));
    return enc_.encrypt_block(block);
  }

  uint8_t i_;
  size_t size_;  // of challenges, cryptograms and MACs
  uint32_t counter_;
  Bytes challenge_;
  Bytes context_;
  Aes enc_;
  Aes mac_;
  Aes rmac_;
  Aes dek_;
  Block16 chaining_{};
  uint32_t messages_ = 0;
};

}  // namespace

bool knows_scp03(uint8_t i) {
  const uint8_t without_size = i & 0xFE;
  return without_size == 0x00 || without_size == 0x10 || without_size == 0x20 || without_size == 0x30 ||
         without_size == 0x60 || without_size == 0x70;
}

std::unique_ptr<SecureSession> open_scp03(const Opening& opening) {
  const Aes enc = keyed(*opening.enc);
  const Aes mac = keyed(*opening.mac);
  Bytes challenge = to_bytes(opening.card_challenge);
  if (challenge.empty()) {
    // Amd D 6.2.2.1: from the sequence counter and the AID, under the static encryption key.
    Bytes context;
    append_be(context, opening.counter, 3);
    append(context, opening.aid);
    challenge = derive(enc, kCardChallenge, context, scp03_is_s16(opening.i) ? 16 : 8);
  }
  return std::make_unique<Scp03>(opening, std::move(challenge), enc, mac);
}

}  // namespace cw::se
