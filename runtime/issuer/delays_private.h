// Answers that come late, or never, on purpose.
//
// Owner: the door. Thread rule: all functions from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "net/server_request.h"

namespace cw::issuer {

class Delays {
 public:
  Delays() : thread_([this] { run(); }) {}
  /// What has not come by then never does.
  ~Delays();
  Delays(const Delays&) = delete;
  Delays& operator=(const Delays&) = delete;

  void send(net::Reply reply, net::ServerAnswer answer, std::chrono::milliseconds later);
  /// Until the client gives up, or the server's own limit is over.
  void lose(net::Reply reply);

 private:
  struct Waiting {
    net::Reply reply;
    net::ServerAnswer answer;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::multimap<std::chrono::steady_clock::time_point, Waiting> waiting_;
  std::vector<net::Reply> lost_;
  std::thread thread_;
};

}  // namespace cw::issuer
