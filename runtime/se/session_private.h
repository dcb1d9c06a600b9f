// One secure channel session, the card's side, whatever its protocol: from INITIALIZE UPDATE until the session ends.
// It holds session keys, the MAC chaining value and the encryption counter.
#pragma once

#include <memory>
#include <optional>

#include "base/secret.h"
#include "command_private.h"
#include "model_private.h"

namespace cw::se {

/// Security level bits (GPCS table 10-1).
namespace level {
inline constexpr uint8_t kCmac = 0x01;
inline constexpr uint8_t kCdec = 0x02;
inline constexpr uint8_t kRmac = 0x10;
inline constexpr uint8_t kRenc = 0x20;
}  // namespace level

/// What a session is opened from.
struct Opening {
  const CardKey* enc = nullptr;  // static keys, borrowed while opening
  const CardKey* mac = nullptr;
  const CardKey* dek = nullptr;
  uint8_t i = 0;
  uint32_t counter = 0;
  Bytes aid{};  // for pseudo-random challenges
  ByteView host_challenge{};
  ByteView card_challenge{};  // the card's random bytes; empty: pseudo-random
};

class SecureSession {
 public:
  virtual ~SecureSession() = default;

  /// INITIALIZE UPDATE answer after the key version: protocol, options, challenge, cryptogram, counter.
  virtual Bytes answer() const = 0;
  /// Levels this session can be brought to.
  virtual bool can(uint8_t level) const = 0;
  /// EXTERNAL AUTHENTICATE with its C-MAC. `cryptogram_ok` tells a wrong cryptogram from a wrong MAC.
  virtual bool authenticate(const Command& command, bool& cryptogram_ok) = 0;
  /// Checks the C-MAC and decrypts; the plain data lands in `storage` and `command` refers to it. False: not genuine.
  virtual bool unwrap(Command& command, Bytes& storage) = 0;
  /// Encrypts and MACs the answer to the command last unwrapped.
  virtual void wrap(Reply& reply) = 0;
  /// Key data under the DEK (GPCS 11.8.2.3, Amd D 6.2.7); a multiple of the cipher's block.
  virtual Bytes decrypt_key_data(ByteView data) const = 0;
  virtual size_t dek_block() const = 0;

  uint8_t level() const { return level_; }
  bool authenticated() const { return authenticated_; }

  Aid owner{};  // whose keys
  uint8_t key_version = 0;
  bool encrypts_empty_data = false;

 protected:
  void open_at(uint8_t level) {
    level_ = level;
    authenticated_ = true;
  }
  bool has(uint8_t bit) const { return (level_ & bit) != 0; }

 private:
  uint8_t level_ = 0;
  bool authenticated_ = false;
};

std::unique_ptr<SecureSession> open_scp02(const Opening& opening);
std::unique_ptr<SecureSession> open_scp03(const Opening& opening);

/// Option bits that the card's implementation knows.
bool knows_scp02(uint8_t i);
bool knows_scp03(uint8_t i);
constexpr bool scp03_is_s16(uint8_t i) { return (i & 0x01) != 0; }
constexpr bool scp02_is_pseudo_random(uint8_t i) { return (i & 0x40) != 0; }
constexpr bool scp03_is_pseudo_random(uint8_t i) { return (i & 0x10) != 0; }

/// CLA as it goes into a MAC: on the basic channel, with the secure messaging bit (Amd D 6.2.4, GPCS E.4.4).
constexpr uint8_t mac_class(uint8_t cla) { return u8((cla & 0x80) | 0x04); }

/// Length of the data before the padding 80 00 .. of ISO 9797-1 method 2; nothing if it is not padded so.
std::optional<size_t> unpadded_size(ByteView data);
/// Appends 80 00 .. up to a multiple of `block`.
void pad(Bytes& data, size_t block);

}  // namespace cw::se
