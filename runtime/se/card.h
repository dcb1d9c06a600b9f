// A simulated GlobalPlatform secure element: the card's side of GPCS 2.3.1 with SCP02 and SCP03. It keeps what a chip
// keeps: non-volatile memory under transactions, and RAM that is gone after a reset. Loaded code is stored and listed
// but not run; an instance keeps what it is personalized with and answers SELECT, STORE DATA and GET DATA.
//
// Deterministic: the same flavor, seed and commands give the same answers.
//
// Owner: whoever simulates the card. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "se/flavor.h"

namespace cw::se {

/// Where power is lost while a command runs.
enum class Tear : uint8_t {
  before,  // the card never acted on it
  inside,  // in the middle of the card's transaction: the next session finds the old state, DELETE excepted (9.5)
  after,   // the card acted, and the answer is lost
};

class Card {
 public:
  /// As it leaves the factory. Raises usage: a flavor whose protocol options no card has.
  explicit Card(const Flavor& flavor);
  Card(Card&&) noexcept;
  Card& operator=(Card&&) noexcept;
  ~Card();

  const Flavor& flavor() const;

  /// Powers up: RAM is lost, an open transaction rolled back, a deletion that had begun completed. Gives the ATR.
  Bytes reset();

  /// Loses power, as when it is pulled out of a reader.
  void power_off();
  bool powered() const;

  /// One command APDU in; response data and status word out. Never throws for any bytes. Empty when the card has no
  /// power: before the first reset(), and from a torn command on until the next.
  Bytes process(ByteView command);

  /// Why the last command was refused, in words; empty if it was not. A card does not say this: it is for test logs.
  const std::string& why() const;

  /// The chip's serial number, in its CPLC; in save() from then on. Without it all cards of a flavor have the same. A
  /// flavor without CPLC has none.
  void set_serial_number(uint32_t value);
  /// Restarts the card's own random numbers.
  void seed(uint64_t value);

  /// Grows with each change of what save() gives: a caller that keeps the memory saves again when it has grown.
  uint64_t changes() const;
  /// The whole non-volatile memory as JSON text, with the format's version and the flavor's name.
  std::string save() const;
  /// Raises usage: not such a text, another format version, an unknown flavor; names what is wrong.
  static Card load(std::string_view text);
  static Card load(std::string_view text, const Flavor& flavor);
  /// What two cards are compared by, as JSON text in an order of its own: registry, keys, stored data, without what
  /// counts (sequence counters, attempts, refresh tags) and without random numbers. Keys, stored data, install
  /// parameters and code are there as hashes, so that a difference is seen and the bytes are not.
  std::string state_digest_text() const;

  // For tests, benches and fault injection.

  /// Loses power at the next command after `skip` others.
  void tear_next(Tear when, unsigned skip = 0);
  /// The next command that reaches an application is not carried out, and gets this plain answer (data and status
  /// word) under the protection that the session has.
  void answer_next(ByteView plain_answer);
  /// The last command that reached an application, without its protection; short or extended as its data needs.
  const Bytes& understood() const;
  /// The card challenge of the next INITIALIZE UPDATE instead of the card's own.
  void force_challenge(ByteView challenge);
  /// The sequence counter of a key version, as if the card had been used that often.
  /// Raises usage: no such domain or key version.
  void set_sequence_counter(ByteView domain, uint8_t key_version, uint32_t value);
  /// Bytes of non-volatile memory in use, a load that is going on included.
  size_t nvm_used() const;
  /// From `bytes` in use on the non-volatile memory is full: what would grow it answers 6A84. 0: as the flavor has it.
  void limit_nvm(size_t bytes);
  /// Every key set answers as after too many failures (6983), on every flavor, until unlocked. Not in save().
  void lock_authentication(bool locked = true);

 private:
  struct Impl;
  explicit Card(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cw::se
