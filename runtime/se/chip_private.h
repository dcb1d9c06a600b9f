// The chip: non-volatile memory, what RAM holds in a card session, and the way of a command through it. Handlers of
// single commands are the functions of commands_private.h.
#pragma once

#include <array>
#include <string>

#include "memory_private.h"
#include "se/card.h"
#include "session_private.h"

namespace cw::se {

/// Where GET STATUS [next] goes on.
struct StatusList {
  uint16_t p1p2 = 0;
  Bytes criteria{};
  std::vector<Bytes> entries{};  // still to be given
};

/// Commands that came in parts, by ISO 7816-4 chaining or by GPCS 11.1.5.1.
struct Parts {
  uint8_t cla = 0;
  uint8_t ins = 0;
  uint16_t p1p2 = 0;
  Bytes data{};
};

struct LogicalChannel {
  bool open = false;
  Aid selected{};
  std::unique_ptr<SecureSession> session{};
  std::optional<Aid> personalizing{};  // target of INSTALL [for personalization]
  Bytes store_data{};                  // STORE DATA to a domain: an object that goes on in the next block
  StatusList list{};
  std::optional<Parts> parts{};
  Bytes response{};  // still to be fetched with GET RESPONSE
  uint16_t response_status = 0;
};

/// A signature ahead of the code, and the domain that is to check it.
struct DapBlock {
  Aid domain{};
  Bytes signature{};
};

/// A load that is going on (GPCS 9.3.5). In RAM as far as the registry is concerned: gone after a reset.
struct Load {
  unsigned channel = 0;
  Aid performer{};
  Aid aid{};
  Aid domain{};
  Bytes hash{};
  Bytes token{};            // of INSTALL [for load]
  Bytes token_input{};      // what it signs; of a combined load the first part of that
  Bytes token_reference{};  // B6
  std::vector<DapBlock> daps{};
  bool combined = false;  // INSTALL [for load, install and make selectable]
  bool complete = false;  // all blocks are in; waits for the last INSTALL of a combined load
  uint8_t next_block = 0;
  Bytes head{};                    // before the code: DAP blocks and the C4 header
  std::shared_ptr<Bytes> code{};   // set once the C4 header is read
  size_t size = 0;                 // of the load file data block
  std::optional<LoadFile> file{};  // when complete
};

class Chip {
 public:
  explicit Chip(const Flavor& flavor);

  Bytes power_up();
  void power_down();
  Bytes process(ByteView bytes);

  const Nvm& nvm() const { return memory.read(); }
  /// The application selected on `channel`. Refuses with 6985 if it is gone or locked.
  const Application& selected(const LogicalChannel& channel) const;
  /// The selected security domain of an authenticated session: who performs card content management. Refuses with 6982
  /// without session.
  const Application& performer(const LogicalChannel& channel) const;
  /// Bytes in use, a load that is going on included, and how many there may be.
  size_t used_nvm() const;
  size_t nvm_size() const;
  size_t free_nvm() const;
  Bytes random(size_t count);
  void select_on(LogicalChannel& channel, const Aid& aid);
  unsigned number_of(const LogicalChannel& channel) const;
  /// Selected on a logical channel other than `except`.
  bool selected_elsewhere(ByteView aid, const LogicalChannel* except) const;

  Flavor flavor;
  Memory memory{};
  uint64_t random_state = 0x6361726477726967;  // kept in NVM, beside the transactions
  uint64_t random_draws = 0;

  std::array<LogicalChannel, 20> channels{};
  std::optional<Load> load{};
  bool powered = false;
  std::string why{};

  // Test hooks.
  std::optional<size_t> nvm_limit{};
  bool authentication_locked = false;
  std::optional<Tear> tear{};
  unsigned tear_skip = 0;
  Bytes forced_challenge{};
  Bytes forced_answer{};
  Bytes understood{};

 private:
  Reply run(ByteView bytes, bool commit);
  Reply execute(ByteView bytes);
  Reply dispatch(LogicalChannel& channel, Command command);
  Reply protect(LogicalChannel& channel, Command command);
  Reply carry_out(LogicalChannel& channel, const Command& command);
  Reply send(LogicalChannel& channel, Reply reply, bool extended);
  void check_space() const;
};

struct Card::Impl : Chip {
  using Chip::Chip;
};

/// The registry as the flavor leaves the factory.
Nvm factory_memory(const Flavor& flavor);

/// A DELETE that has begun, carried through.
void finish_deletion(Nvm& nvm);

}  // namespace cw::se
