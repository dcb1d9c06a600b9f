// A reader of pcscd. It has a context and a thread of its own; a call of pcscd that hangs ends with an error here, and
// leaves its thread behind (docs/decisions/0010).
//
// A slow card is no dead card: the limit of a command is minutes, and grows with the slowest answer seen. The card is
// held for this program alone, unless it is asked to be shared. When the reader is dropped, or the program ends in
// whatever way, the card is free again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "card/reader.h"

namespace cw::card {

class PcscLink;
class WatchedThread;

struct PcscOptions {
  /// Other programs may use the card too, between two commands of this one; that one resets it ends a run.
  bool shared = false;
  /// For opening and resetting: longer than any reader needs to give a card power.
  std::chrono::milliseconds connect_limit{20'000};
  /// For the answer to one command. The flavor knows how long its slowest command takes.
  std::chrono::milliseconds answer_limit{600'000};
};

class PcscReader : public Reader {
 public:
  /// `name` as pcscd has it. Does not touch the reader yet.
  explicit PcscReader(std::string name, PcscOptions options = {});
  ~PcscReader() override;

  std::string name() const override;  // "pcsc:" and the name

  /// Opens the card, or takes its power and gives it again. Raises reader, each with its own line: no pcscd, reader
  /// unplugged, no card, mute, no power, no protocol in common, held by another program, hangs.
  Bytes reset() override;

  // attach() is Reader's, and says no. pcscd resets a card whose program was killed while it had the card alone, takes
  // the power of one that nobody has any more, and tells nobody that it did (docs/decisions/0022).

  /// Raises reader, besides what reset() raises: the card was removed in the middle of this command, was removed and
  /// put in again or another one was, was reset by another program, did not answer.
  Bytes transmit(ByteView command) override;

  /// Waits for a card to be put in, at most for `limit`. True: one is there. Raises reader: no pcscd, unplugged.
  bool wait_for_card(std::chrono::milliseconds limit);
  /// Waits for the card to be taken out. True: there is none.
  bool wait_for_removal(std::chrono::milliseconds limit);

  /// The card says in its ATR that it takes extended APDUs, the protocol is not T=0, and the reader does not say that
  /// it takes none. After reset(); false before.
  bool extended_length() const { return extended_length_; }

 private:
  PcscLink& call(std::function<void(PcscLink&)> job, std::chrono::milliseconds limit, std::string_view doing);
  bool wait_until(bool present, std::chrono::milliseconds limit);

  std::string name_;
  PcscOptions options_;
  std::shared_ptr<PcscLink> link_;
  std::unique_ptr<WatchedThread> thread_;
  Bytes atr_{};
  bool t0_ = false;
  bool extended_length_ = false;
  std::chrono::milliseconds slowest_{0};
  std::string removed_{};  // "in the middle of LOAD": when the card was removed that is not back yet
};

}  // namespace cw::card
