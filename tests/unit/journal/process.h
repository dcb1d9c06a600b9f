// A process of a story that carries a run out on a hosted card, and can be stopped, continued and killed.
//
// Owner: a story. One thread.
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "card_host.h"

namespace cw::journal {

/// What came of a run in a process.
struct End {
  bool killed = false;
  std::string id{};     // of the run
  std::string error{};  // "kind: message", or empty
  unsigned attempts = 0;
  bool can_resume = false;
  int rebuilt = 0;  // how often it was, in that process
};

class Process {
 public:
  /// `work` in a child, given its line to the card.
  Process(CardHost& host, const std::function<End(int line)>& work);
  /// Killed, if it is still there.
  ~Process();
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  /// False: it ended instead.
  bool wait_until_stopped() const;
  /// Waits for its end, however it comes.
  End end();

 private:
  CardHost& host_;
  int line_;
  int result_ = -1;
  pid_t child_ = -1;
};

}  // namespace cw::journal
