// Outside: the one interface through which a script reaches the world. Everything a run takes in comes back through
// here, so a journal that records what crosses this line can replay the run without card, key or network.
//
// A script's native call makes a Request and yields; the engine carries it out and resumes the script with the Reply.
// now(), random(), key_info(), verifies(), sign(), domains() and unwrap() answer at once and count as inputs all the
// same.
//
// Owner: the engine implements it, once per attempt. One thread.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "host/command.h"
#include "host/domain_record.h"

namespace cw::host {

/// Handle of an open secure channel within one attempt; 0: none, commands travel plain.
using ChannelId = uint32_t;

/// Power the card down and up: every channel is gone.
struct Reset {};

/// Commands for the card, in order.
struct Exchange {
  ChannelId channel = 0;
  uint8_t logical_channel = 0;
  std::vector<Command> plan{};
  /// Stop at the first status word that is not 9000, 61xx, 62xx or 63xx; the answers end there.
  bool stop_on_error = true;
  /// Not ours: commands as a backend's reply has them, which that backend may have wrapped. Its URL, or a beginning of
  /// it that the flow declared; empty: the script's own.
  std::string backend{};
};

/// INITIALIZE UPDATE, check of the card cryptogram, EXTERNAL AUTHENTICATE; costs from the attempt budget.
struct OpenChannel {
  std::string keys{};            // key set by name
  std::string or_keys{};         // another one that the card may have instead, under the same version; empty: none
  uint8_t key_version = 0;       // 0: the key set's own
  uint8_t level = 0x03;          // security level byte: 00 01 03 11 13 33
  std::optional<uint8_t> scp{};  // 1, 2, 3: refuse another protocol
  std::optional<uint8_t> i{};    // options that the card does not say (SCP01, SCP02); absent: the usual ones
  Bytes aid{};                   // AID of the selected security domain, for pseudo-random challenges
  uint8_t logical_channel = 0;
  bool s16 = false;  // send a 16-byte host challenge
  /// What goes to the card ahead of it, in the order of the list: what is left to say in a channel that is open, the
  /// SELECT of the domain. Where one of these plans stops, what is behind it is not sent, and no channel is opened.
  std::vector<Exchange> before{};
};
struct CloseChannel {
  ChannelId channel = 0;
};

struct HttpCall {
  std::string method{};
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

/// A result that is to reach a backend, whatever becomes of the run: handed over, and its reply is not waited for.
/// What a run hands over under one name is one parcel, however often it does.
struct Deliver {
  std::string name{};
  HttpCall call{};
};

struct Wait {
  std::chrono::milliseconds time{};
};

/// What a scenario asks of the stage it plays on: a verb, and its arguments as JSON. Flows have no stage.
struct Direction {
  std::string verb{};
  std::string arguments{};
};

/// A step begins or ends, progress is made, a line is logged: nothing comes back but the reader can follow.
struct Note {
  enum class Kind : uint8_t { log, step_begin, step_skip, step_end, progress, output };
  Kind kind = Kind::log;
  std::string name{};  // step, log level, output format ("json", "table", "text")
  std::string text{};
  uint64_t done = 0;
  uint64_t total = 0;
};

using Request = std::variant<Reset, Exchange, OpenChannel, CloseChannel, HttpCall, Deliver, Wait, Direction>;

struct Answer {
  Bytes data{};
  uint16_t sw = 0;
  bool operator==(const Answer&) const = default;
};
struct ResetDone {
  Bytes atr{};
};
struct Answers {
  std::vector<Answer> answers{};  // as many as were sent
};
struct ChannelOpened {
  ChannelId channel = 0;  // 0: none, since a plan ahead of it stopped, or the card refused
  uint8_t scp = 0;
  uint8_t i = 0;
  uint8_t level = 0;
  uint8_t key_version = 0;       // that the card answered with
  Bytes diversification_data{};  // 10 bytes
  Bytes sequence_counter{};      // 0, 2 or 3 bytes
  uint32_t max_data = 0;         // plain data bytes in one short command
  std::string keys{};            // of two that were asked for, the one that the card has; empty: one was asked for
  /// Of what went ahead; a list for each plan, the last of which may be cut short.
  std::vector<Answers> before{};
  /// Why there is no channel, where answers of what went ahead are to be known all the same.
  std::optional<Error> refused{};
};
struct ChannelClosed {};
struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};
/// It is where it does not get lost, or has arrived.
struct HandedOver {};
struct Waited {};
/// The result as JSON. `card_used`: others spoke to the card meanwhile, so every secure channel is gone.
struct DirectionDone {
  std::string result{};
  bool card_used = false;
};

/// What comes back; an Error is raised in the script.
using Reply =
    std::variant<ResetDone, Answers, ChannelOpened, ChannelClosed, HttpReply, HandedOver, Waited, DirectionDone, Error>;

/// What a script may know of a stored key set, or of a key that signs.
struct KeyInfo {
  std::string type{};  // "aes", "des"; of a key that signs also "rsa", "ec"
  uint32_t size = 0;   // bytes per key; of a key that signs, of each signature
  uint8_t version = 0;
  std::vector<Bytes> kcvs{};  // ENC, MAC, DEK; 3 bytes each; empty for a master key to diversify
};

/// How the names of key sets begin that a script had unwrapped: no stored key has such a name, and they last as long as
/// the attempt.
inline constexpr std::string_view kUnwrapped = "run:";

/// A key set on its way from another custody to ours, as a backend answered with it.
struct WrappedKeys {
  std::string name{};           // that it gets: "run:card"
  std::string under{};          // the KEK in custody
  std::string form{};           // "aes-key-wrap", "aes-cbc", "des-ecb"
  std::string type{};           // "aes", "des"
  uint8_t version = 0;          // key version number on the card
  std::string backend{};        // whose last answer has them, as the flow declared it
  std::array<Bytes, 3> keys{};  // ENC, MAC, DEK
  std::array<Bytes, 3> kcvs{};  // 3 bytes each
};

class Outside {
 public:
  virtual ~Outside() = default;

  /// Takes over what the script waits for; its native call yields right after. One at a time.
  virtual void submit(Request request) = 0;

  /// Milliseconds since 1970, as the run sees it.
  virtual int64_t now() = 0;
  /// For nonces that a script may see, 1..1024 bytes. Never for keys.
  virtual Bytes random(size_t count) = 0;
  /// Raises policy: the flow's `needs` do not name this set. Raises usage: no such set.
  virtual KeyInfo key_info(const std::string& set) = 0;
  /// Whether the signature is that of a stored key over the message: of a receipt. Raises as key_info().
  virtual bool verifies(const std::string& key, ByteView message, ByteView signature) = 0;
  /// Signed by a stored key that is for messages between parties: it signs neither tokens nor DAP blocks. Raises as
  /// key_info(); usage: a key for something else.
  virtual Bytes sign(const std::string& key, ByteView message) = 0;
  /// What is kept of this card's security domains, by AID. `put`: what the run saw or left of one goes in first,
  /// durable on return; where nothing is kept, the run alone remembers it. Of a card that does not say who it is,
  /// nothing is. Raises usage: another owner's domain, more than 64 domains on one card; policy: nothing of whose it is
  /// is managed, or it would end and nobody asked whose it is; store.
  virtual std::vector<DomainRecord> domains(const std::optional<DomainRecord>& put) = 0;
  /// Has custody unwrap a key set and keep it for this attempt; one of this name before is gone. Raises policy: the KEK
  /// or the backend is not declared, the policy lets that backend give no keys under it, or it did not send these;
  /// usage: no such KEK, another one, a length that cannot be, a check value that is another: and nothing is kept.
  virtual KeyInfo unwrap(const WrappedKeys& keys) = 0;
  /// Tells those who follow the run; never fails, nothing comes back.
  virtual void note(Note note) = 0;
};

}  // namespace cw::host
