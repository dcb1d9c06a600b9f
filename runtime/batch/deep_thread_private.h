// A thread whose stack is deep enough for a run (engine/scheduler.h), whatever the limit of the shell is.
#pragma once

#include <cstring>
#include <functional>
#include <utility>

#include <pthread.h>

#include "base/error.h"

namespace cw::batch {

class DeepThread {
 public:
  /// `work` must not raise. Raises script: the system gives no thread.
  explicit DeepThread(std::function<void()> work) : work_(std::move(work)) {
    constexpr size_t kStack = 16u << 20;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStack);
    const int error = pthread_create(&thread_, &attributes, &DeepThread::begin, this);
    pthread_attr_destroy(&attributes);
    if (error != 0) throw Error(ErrorKind::script, std::string("cannot start a thread: ") + std::strerror(error));
  }
  ~DeepThread() { pthread_join(thread_, nullptr); }
  DeepThread(const DeepThread&) = delete;
  DeepThread& operator=(const DeepThread&) = delete;

 private:
  static void* begin(void* self) {
    static_cast<DeepThread*>(self)->work_();
    return nullptr;
  }

  std::function<void()> work_;
  pthread_t thread_{};
};

}  // namespace cw::batch
