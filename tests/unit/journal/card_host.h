// A simulated card that outlives the processes that work on it, and the reader that they have it in. Each process has a
// line of its own to the card; the card does one thing at a time.
//
// Owner: a story. CardHost: any thread, but lines are opened and closed by one. HostedReader: one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "card/reader.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::journal {

/// A letter, four bytes of length, and so many bytes. Raises reader: the other end is gone.
void write_message(int socket, char what, ByteView data);
/// False: the other end is gone.
bool read_message(int socket, char& what, Bytes& data);

/// What the card was given, and what it said; a reset has no command.
struct Seen {
  int line = 0;  // of which process
  Bytes command{};
  Bytes answer{};  // empty: none
};

class CardHost {
 public:
  explicit CardHost(std::shared_ptr<se::Card> card);
  ~CardHost();
  CardHost(const CardHost&) = delete;
  CardHost& operator=(const CardHost&) = delete;

  /// A new line: the descriptor that a process reaches the card by.
  int connect();
  /// From now on somebody is at this end of it.
  void answer_on(int line);
  /// After the process ended: what it still had on the way to the card is there now, and the line is closed.
  void hang_up(int line);

  /// Held while a process forks: no thread of a host begins, works or ends then. One that did could hold the lock of an
  /// allocator, which the child would wait for without end.
  static std::unique_lock<std::shared_mutex> quiet();

  std::vector<Seen> seen() const;
  void forget();
  /// Power is gone: what was open is closed.
  void power_off();
  se::Card& card() { return *card_; }

 private:
  struct Line {
    int ours = -1;
    std::binary_semaphore begun{0};
    std::binary_semaphore may_end{0};
    std::thread thread{};
  };
  static void end(Line& line);
  void serve(int ours, int number);
  void answer(int ours, int number, char what, const Bytes& data);

  std::shared_ptr<se::Card> card_;
  se::SimReader reader_;
  mutable std::mutex mutex_{};
  std::vector<Seen> seen_{};
  bool powered_ = false;
  std::map<int, Line> lines_{};
  int count_ = 0;
};

/// The reader at the other end of a line.
class HostedReader : public card::Reader {
 public:
  explicit HostedReader(int socket) : socket_(socket) {}
  std::string name() const override { return "hosted"; }
  Bytes reset() override { return ask('R', {}); }
  bool attach() override { return ask('A', {}).at(0) == 'Y'; }
  Bytes transmit(ByteView command) override { return ask('T', command); }
  /// Called before a command or a reset goes out, when it is out, and when its answer is there.
  std::function<void()> sending{};
  std::function<void()> sent{};
  std::function<void()> answered{};

 private:
  Bytes ask(char what, ByteView data);
  int socket_;
};

}  // namespace cw::journal
