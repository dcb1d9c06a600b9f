// One reader as pcsc-lite has it: context, card handle, protocol. Every call may hang, so all of them are made on the
// reader's own thread, one at a time; between two calls the caller reads what the last one left. A call that failed
// has already looked what is in the reader now.
#pragma once

#include <optional>

#include "pcsc_context_private.h"

namespace cw::card {

class PcscLink {
 public:
  enum class Now { unknown, unplugged, empty, present };

  PcscLink(std::string reader, bool shared);
  /// Closes what is open: takes the card's power, unless it is shared.
  ~PcscLink();
  PcscLink(const PcscLink&) = delete;
  PcscLink& operator=(const PcscLink&) = delete;

  /// Opens the card, or opens it anew, with its power off and on again.
  void reset();
  /// Sends `command`.
  void transmit();
  void close();
  /// Waits until a card is in the reader, or none is.
  void wait(bool present, std::chrono::milliseconds limit);

  Bytes command{};  // in
  Bytes answer{};   // out: the response, or the ATR
  LONG code = SCARD_S_SUCCESS;
  Now now = Now::unknown;  // after a failure, and after wait()
  bool moved = false;      // after a failure: a card was put in or taken out since the last reset
  bool mute = false;       // after a failure: the card in the reader did not answer its last reset
  Bytes atr_now{};         // after a failure: of the card that is in the reader
  bool t0 = false;
  std::optional<uint32_t> reader_limit{};  // dwMaxAPDUDataSize; nothing: the reader does not say

 private:
  LONG connect();
  LONG power_cycle();
  LONG read_atr();
  void ask_limit();
  void drop_card(DWORD disposition);
  LONG look(PcscReaderInfo& info);
  void look_after_failure(bool lost);
  DWORD share_mode() const { return shared_ ? SCARD_SHARE_SHARED : SCARD_SHARE_EXCLUSIVE; }

  std::string reader_;
  bool shared_;
  PcscContext context_{};
  SCARDHANDLE card_ = 0;
  DWORD protocol_ = 0;
  bool connected_ = false;
  bool transacting_ = false;
  unsigned events_ = 0;  // pcscd's count at the last reset
  Bytes buffer_;         // for one response
};

}  // namespace cw::card
