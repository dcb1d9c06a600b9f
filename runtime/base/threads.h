// Threads with a stack that a Lua state can live on: what the system gives by default may be too small.
//
// Owner: whoever started them; joined when this goes.
#pragma once

#include <functional>
#include <vector>

#include <pthread.h>

namespace cw {

class Threads {
 public:
  static constexpr size_t kStack = 16u << 20;  // bytes

  Threads() = default;
  ~Threads() { join(); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  /// `work` must not throw. Raises internal: the system has no more threads.
  void start(std::function<void()> work);
  void join();

 private:
  std::vector<pthread_t> all_{};
};

}  // namespace cw
