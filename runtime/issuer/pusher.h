// Tells tenants what they have to know: the keys of their SSDs (table 7), and that an SSD is gone (table 9). Again and
// again, until they say that they took it.
//
// Owner: the service. Thread rule: wake() from any thread; it has a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "crypto/key_store.h"
#include "issuer/desk.h"

namespace cw::issuer {

class Pusher {
 public:
  /// All are borrowed.
  Pusher(const Configuration& configuration, const crypto::KeyStore& keys, Desk& desk, Faults& faults, Clock clock);
  ~Pusher() { stop(); }
  Pusher(const Pusher&) = delete;
  Pusher& operator=(const Pusher&) = delete;

  void start();
  void stop();
  void wake();

  /// One try for all that is due; milliseconds until the next may be. What start() does in its thread.
  int64_t push_due();

 private:
  void run();
  /// Raises: why it was not taken.
  void push(const Push& push, const Domain* domain, const Tenant& tenant);
  std::string message_of(const Push& push, const Domain* domain, const Tenant& tenant, std::vector<Bytes>& kcvs);
  void check_receipt(const Push& push, const Tenant& tenant, const std::vector<Bytes>& receipts,
                     const std::vector<Bytes>& kcvs) const;

  const Configuration& configuration_;
  const crypto::KeyStore& keys_;
  Desk& desk_;
  Faults& faults_;
  const Clock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace cw::issuer
