// Calls to backends, done by threads of their own: the thread of many devices' sessions does not wait for one backend.
//
// Owner: the device desk; outlives the sessions. Thread rule: any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>

#include "base/threads.h"
#include "host/outside.h"

namespace cw::service {

class Errands {
 public:
  explicit Errands(unsigned threads);
  /// After all of them.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  /// Done when a thread is free.
  std::future<host::Reply> send(std::function<host::Reply()> work);

 private:
  using Errand = std::packaged_task<host::Reply()>;
  void serve();

  std::mutex mutex_{};
  std::condition_variable more_{};
  std::deque<Errand> waiting_{};
  bool ends_ = false;
  Threads threads_{};
};

}  // namespace cw::service
