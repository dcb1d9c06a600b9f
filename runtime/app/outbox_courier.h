// Brings what is due in the outbox to its backends, as long as a process of the service lives: also what failed, when
// its time has come, and after a store was away.
//
// Owner: a worker. Thread rule: a thread of its own; wake() from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "store/store.h"

namespace cw::app {

class OutboxCourier {
 public:
  /// `problem`: a line, when something begins to keep it from its work.
  OutboxCourier(std::shared_ptr<store::Store> store, std::function<void(const std::string&)> problem);
  ~OutboxCourier();
  OutboxCourier(const OutboxCourier&) = delete;
  OutboxCourier& operator=(const OutboxCourier&) = delete;

  /// Something was put in.
  void wake();

 private:
  void work();
  std::chrono::milliseconds deliver();

  std::shared_ptr<store::Store> store_;
  std::function<void(const std::string&)> problem_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = true;  // what a process before this one left
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace cw::app
