// Renews leases that are kept, so that a card which takes its time does not cost one. A lease that nobody keeps any
// more, or that could not be renewed, runs out by itself.
//
// Owner: Runs. Thread rule: any thread; has a thread of its own once there is a lease.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "store/database.h"
#include "store/lease.h"

namespace cw::store {

class Renewal {
 public:
  Renewal(Database& db, std::chrono::milliseconds length) : db_(db), length_(length) {}
  ~Renewal();

  void keep(const Lease& lease);

 private:
  struct Kept {
    std::string run;
    int64_t fence;
    std::weak_ptr<LeaseTime> time;
  };

  void work();
  void renew_all();

  Database& db_;
  std::chrono::milliseconds length_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Kept> kept_;
  bool failing_ = false;  // said so already
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace cw::store
