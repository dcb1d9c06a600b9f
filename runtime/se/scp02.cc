// SCP02, the card's side (GPCS appendix E), explicit initiation, three keys, C-MAC on the modified APDU.
#include "crypto/des.h"
#include "crypto/digest.h"
#include "session_private.h"

namespace cw::se {
namespace {

using crypto::Block8;
using crypto::Des;

// Derivation constants of GPCS E.4.1.
constexpr uint16_t kSessionMac = 0x0101;
constexpr uint16_t kSessionRmac = 0x0102;
constexpr uint16_t kSessionDek = 0x0181;
constexpr uint16_t kSessionEnc = 0x0182;

constexpr size_t kMacSize = 8;
constexpr uint8_t kIcvEncryption = 0x10;
constexpr uint8_t kResponseMac = 0x20;

Des session_key(const CardKey& key, uint16_t constant, uint32_t counter) {
  Bytes data;
  append_be(data, constant, 2);
  append_be(data, counter, 2);
  data.resize(16, 0x00);
  return Des(Secret::take(Des(Secret::copy(key.parts[0].value)).cbc_encrypt(Block8{}, data)));
}

class Scp02 : public SecureSession {
 public:
  explicit Scp02(const Opening& opening)
      : i_(opening.i),
        host_challenge_(to_bytes(opening.host_challenge)),
        enc_(session_key(*opening.enc, kSessionEnc, opening.counter)),
        mac_(session_key(*opening.mac, kSessionMac, opening.counter)),
        rmac_(session_key(*opening.mac, kSessionRmac, opening.counter)),
        dek_(session_key(*opening.dek, kSessionDek, opening.counter)) {
    append_be(card_part_, opening.counter, 2);
    if (opening.card_challenge.empty()) {
      const Block8 pseudo_random = mac_.retail_mac(Block8{}, {opening.aid});  // GPCS E.4.2.3
      append(card_part_, ByteView(pseudo_random).first(6));
    } else {
      append(card_part_, opening.card_challenge);
    }
  }

  Bytes answer() const override {
    Bytes out = begin_with({0x02}, 16);
    append(out, card_part_);
    append(out, enc_.mac(Block8{}, {host_challenge_, card_part_}));
    return out;
  }

  bool can(uint8_t wanted) const override {
    switch (wanted) {
      case 0x00:
      case 0x01:
      case 0x03:
        return true;
      case 0x10:
      case 0x11:
      case 0x13:
        return (i_ & kResponseMac) != 0;
      default:
        return false;
    }
  }

  bool authenticate(const Command& command, bool& cryptogram_ok) override {
    cryptogram_ok =
        command.data.size() == 2 * kMacSize &&
        crypto::constant_time_equal(command.data.first(8), enc_.mac(Block8{}, {card_part_, host_challenge_}));
    if (!cryptogram_ok || !check_mac(command, command.data.first(8), command.data.subspan(8))) return false;
    response_chaining_ = chaining_;  // GPCS E.4.5
    open_at(command.p1);
    return true;
  }

  bool unwrap(Command& command, Bytes& storage) override {
    const ByteView data = command.data;
    if (has(level::kCmac)) {
      if (data.size() < kMacSize) return false;
      ByteView plain = data.first(data.size() - kMacSize);
      if (has(level::kCdec) && !plain.empty()) {
        if (plain.size() % 8 != 0) return false;
        storage = enc_.cbc_decrypt(Block8{}, plain);
        const std::optional<size_t> size = unpadded_size(storage);
        if (!size) return false;
        plain = ByteView(storage).first(*size);
      }
      if (!check_mac(command, plain, data.last(kMacSize))) return false;
      command.data = plain;
    }
    if (has(level::kRmac)) remember(command);
    return true;
  }

  void wrap(Reply& reply) override {
    if (!has(level::kRmac)) return;
    Bytes tail = begin_with({u8(reply.data.size())}, reply.data.size() + 2);
    append(tail, reply.data);
    append_be(tail, reply.status, 2);
    response_chaining_ = rmac_.retail_mac(response_chaining_, {command_, tail});
    append(reply.data, response_chaining_);
  }

  Bytes decrypt_key_data(ByteView data) const override { return dek_.ecb_decrypt(data); }
  size_t dek_block() const override { return 8; }

 private:
  // GPCS E.4.4, E.4.6: over the plain data, with the length it has together with the MAC.
  bool check_mac(const Command& command, ByteView plain, ByteView mac) {
    Bytes head = begin_with({mac_class(command.cla), command.ins, command.p1, command.p2}, 3);
    append_lc(head, plain.size() + kMacSize);
    const Block8 icv = first_ || (i_ & kIcvEncryption) == 0 ? chaining_ : mac_.single_encrypt(chaining_);
    const Block8 expected = mac_.retail_mac(icv, {head, plain});
    if (!crypto::constant_time_equal(expected, mac)) return false;
    chaining_ = expected;
    first_ = false;
    return true;
  }

  // The plain command as the R-MAC sees it (GPCS E.4.5): no secure messaging in CLA, Lc 00 without data.
  void remember(const Command& command) {
    command_ = begin_with({u8(command.cla & 0x80), command.ins, command.p1, command.p2}, 3 + command.data.size());
    append_lc(command_, command.data.size());
    append(command_, command.data);
  }

  uint8_t i_;
  Bytes host_challenge_;
  Bytes card_part_{};  // sequence counter and card challenge
  Des enc_;
  Des mac_;
  Des rmac_;
  Des dek_;
  Block8 chaining_{};
  Block8 response_chaining_{};
  Bytes command_{};
  bool first_ = true;
};

}  // namespace

bool knows_scp02(uint8_t i) {
  // Table E-1: bits 1 (three keys) and 3 (explicit initiation) are there, 2 (MAC on the unmodified APDU) and 4 are not.
  return (i & 0x8F) == 0x05;
}

std::unique_ptr<SecureSession> open_scp02(const Opening& opening) { return std::make_unique<Scp02>(opening); }

}  // namespace cw::se
