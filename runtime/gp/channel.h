// The host's side of a secure channel, whatever its protocol. A Channel holds session keys, the MAC chaining value and
// the counter; it wraps plain commands and unwraps answers, and sends nothing itself.
//
// Owner: one attempt of one run. Not thread-safe.
#pragma once

#include <memory>
#include <optional>

#include "card/apdu.h"
#include "crypto/key.h"

namespace cw::gp {

enum class Scp : uint8_t { scp01 = 1, scp02 = 2, scp03 = 3 };

/// Security level bits (GPCS table 10-1, Amd D): 00, 01 C-MAC, 03 + C-ENC, 11 + R-MAC, 13, 33 + R-ENC.
enum Level : uint8_t { kNone = 0x00, kCmac = 0x01, kCenc = 0x02, kRmac = 0x10, kRenc = 0x20 };

struct ChannelOptions {
  std::optional<uint8_t> i{};       // SCP02 and SCP01 options; SCP03's when the card's is not to be believed
  Bytes aid{};                      // AID of the selected security domain: SCP02 i=55, SCP03 pseudo-random challenge
  bool encrypt_empty_data = false;  // SCP03: a vendor's cards encrypt empty data as one padded block
};

/// What an INITIALIZE UPDATE answer says (GPCS E.5.1.6, D.4.1, Amd D 7.1.1).
struct InitializeUpdateAnswer {
  Scp scp = Scp::scp03;
  uint8_t key_version = 0;
  std::optional<uint8_t> i{};    // SCP03 only
  bool s16 = false;              // SCP03 with 16-byte challenges and MACs
  Bytes diversification_data{};  // 10 bytes
  Bytes sequence_counter{};      // 0, 2 or 3 bytes
  Bytes card_challenge{};        // 8, 6 or 16 bytes
  Bytes card_cryptogram{};       // 8 or 16 bytes

  /// `data` without status word; `host_challenge_size` 8 or 16. Raises channel: a length or protocol that cannot be.
  static InitializeUpdateAnswer parse(ByteView data, size_t host_challenge_size);
};

/// INITIALIZE UPDATE: `key_version` 0 lets the card choose; host challenge of 8 or 16 bytes.
card::Apdu initialize_update(uint8_t key_version, uint8_t key_id, ByteView host_challenge);

class Channel {
 public:
  /// Chaining value and counter at one wrapped command: what a plan that stopped there goes on from.
  struct Mark {
    Bytes chaining{};
    uint32_t counter = 0;
    Bytes response_chaining{};  // SCP02: the last R-MAC; 8 bytes, or none
  };

  virtual ~Channel() = default;

  /// Derives the session keys and verifies the card cryptogram; nothing is sent. `keys` are the diversified keys if
  /// the set wants diversification (see diversification.h).
  /// Raises channel: card cryptogram does not match (the keys are wrong: stop, a retry may lock the card); a challenge
  /// that was to be pseudo-random is not; a level the protocol does not have.
  static std::unique_ptr<Channel> open(const crypto::KeySet& keys, ByteView host_challenge,
                                       const InitializeUpdateAnswer& answer, uint8_t level,
                                       const ChannelOptions& options = {});

  virtual Scp scp() const = 0;
  virtual uint8_t i() const = 0;
  virtual uint8_t level() const = 0;
  /// Bytes of plain data that fit into one short wrapped command.
  virtual size_t max_data() const = 0;

  /// EXTERNAL AUTHENTICATE, already MACed. Once, before any wrap(). Its answer is plain: it does not go to unwrap().
  virtual card::Apdu external_authenticate() = 0;

  /// The command as it travels; moves chaining value and counter. Data over max_data() gives an extended command; cut
  /// it after wrapping if it is to be chained.
  virtual card::Apdu wrap(const card::Apdu& plain) = 0;
  /// The same with secret data in place of plain.data: needs C-ENC, or raises channel, so that a secret leaves the
  /// process encrypted or not at all.
  virtual card::Apdu wrap(const card::Apdu& header, const Secret& data) = 0;

  /// The plain answer. Raises channel: R-MAC missing or wrong, padding wrong; the channel is then closed.
  virtual card::Response unwrap(const card::Response& wrapped) = 0;
  /// The answer to an earlier command of a batch, with the mark taken right after wrapping that command.
  virtual card::Response unwrap_at(const Mark& mark, const card::Response& wrapped) = 0;

  virtual Mark mark() const = 0;
  virtual void restore(const Mark& mark) = 0;
  /// In place of external_authenticate(): it was sent by another process, which left the channel at this mark.
  virtual void take_up(const Mark& mark) = 0;

  /// The key under this channel's DEK with nothing around it: the encrypted value for PUT KEY and DGI 8113. Keys of
  /// 24 bytes under an AES DEK are padded to 32 with 80 00.. (any padding is allowed; published data has this one).
  virtual Bytes encrypt_key(const crypto::Key& key) const = 0;
  /// A secret of a multiple of the DEK's block, or 80-padded to it, under the DEK (GPCS 11.11, application secrets).
  virtual Bytes encrypt_data(const Secret& data) const = 0;
};

}  // namespace cw::gp
