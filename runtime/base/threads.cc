#include "base/threads.h"

#include <cstring>
#include <memory>

#include "base/error.h"

namespace cw {

namespace {

void* call(void* given) {
  const std::unique_ptr<std::function<void()>> work(static_cast<std::function<void()>*>(given));
  (*work)();
  return nullptr;
}

}  // namespace

void Threads::start(std::function<void()> work) {
  auto given = std::make_unique<std::function<void()>>(std::move(work));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread{};
  const int failed = pthread_create(&thread, &attributes, call, given.get());
  pthread_attr_destroy(&attributes);
  if (failed != 0) throw Error(ErrorKind::internal, std::string("cannot start a thread: ") + std::strerror(failed));
  static_cast<void>(given.release());
  all_.push_back(thread);
}

void Threads::join() {
  for (const pthread_t thread : all_) pthread_join(thread, nullptr);
  all_.clear();
}

}  // namespace cw
