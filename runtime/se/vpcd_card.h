// A simulated card in a virtual reader of vpcd (vsmartcard): connects to the reader's port over TCP and answers in a
// thread of its own until it is stopped, so that every program which speaks PC/SC has the card in a real pcscd.
//
// Shares the card. While it is inserted, whoever else holds the card touches it through with_card() only. insert() and
// remove() belong to one thread, the other functions to any; none may be called from a hook. Hooks run in the card's
// own thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/fd.h"
#include "se/vpcd_port.h"

namespace cw::se {

/// Where a virtual reader waits for its card.
struct VpcdAddress {
  std::string host = "localhost";
  uint16_t port = 35963;  // vpcd's own: 8C7B; the second slot is the next one

  /// "HOST:PORT", "HOST", "PORT" or "". Raises usage: no port number.
  static VpcdAddress parse(const std::string& text);
  std::string text() const;
};

class VpcdCard {
 public:
  struct Options {
    VpcdPort::Hooks hooks{};
    /// The reader noticed the card, or lost it.
    std::function<void(bool)> inserted{};
    /// When vpcd goes away: wait for it and be inserted again. Otherwise that is a failure.
    bool waits_for_vpcd = false;
  };

  VpcdCard(std::shared_ptr<Card> card, VpcdAddress address, Options options);
  ~VpcdCard();
  VpcdCard(const VpcdCard&) = delete;
  VpcdCard& operator=(const VpcdCard&) = delete;

  /// Connects, and comes back when the reader has noticed the card. Raises reader: nothing listens there, or another
  /// card is in this slot; it is not inserted then.
  void insert(std::chrono::milliseconds patience = std::chrono::seconds(5));
  /// Pulls the card out, in the middle of a command too. It can be inserted again; the reader sees that it was gone.
  void remove();
  /// The reader has noticed the card, and has it still.
  bool inserted() const;
  /// Why the card is no longer served, if it is not because of remove().
  std::optional<Error> failure() const;
  /// Comes back when that changed, or after `most`.
  void wait_for_failure(std::chrono::milliseconds most) const;

  const VpcdAddress& address() const { return address_; }

  /// Does something with the card between two commands.
  template <class Action>
  auto with_card(Action&& action) {
    const std::lock_guard lock(card_mutex_);
    return action(*card_);
  }

 private:
  Fd connect() const;
  void serve(Fd connection, bool missing);
  bool be_missed(const Fd& connection) const;
  bool reconnect(Fd& connection, int pause_ms) const;
  enum class End : uint8_t { stopped, mute, reader_gone };
  End talk(const Fd& connection);
  void note(bool inserted);

  const std::shared_ptr<Card> card_;
  const VpcdAddress address_;
  const Options options_;
  std::mutex card_mutex_;

  int stop_event_;  // eventfd; readable: the thread is to end
  std::thread thread_{};
  bool was_inserted_ = false;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool inserted_ = false;
  std::optional<Error> failure_{};
};

}  // namespace cw::se
