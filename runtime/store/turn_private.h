// Processes that want to write to one SQLite file, one after the other. SQLite lets in whoever asks at the right
// moment, so one that writes all the time would keep another out for a second. Who wants to write takes the turn, waits
// for the file, and gives the turn back once it has it: who has just written comes after whoever waits.
//
// It is a courtesy: who does not get the turn in good time goes on without, and where there is no such lock nobody
// waits.
//
// Owner: whoever writes, for as long as it waits. One thread at a time.
#pragma once

namespace cw::store {

class Turn {
 public:
  /// `folder`: that the file is in, opened for this connection alone; -1: there are no turns. A lock on the file itself
  /// would be in SQLite's way.
  explicit Turn(int folder);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int folder_;  // -1: not held
};

}  // namespace cw::store
