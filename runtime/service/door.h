// What a worker process does for the world outside: its doors, as the worker drives them. Operators have one, devices
// will have another.
//
// Owner: a worker, which makes it after the fork. Thread rule: the worker's main thread, but for the beat.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/shared_counters.h"

namespace cw::service {

/// Sockets that listen, by the name of the door: what HttpServer is told to listen on.
using Listeners = std::map<std::string, std::string>;

class Door {
 public:
  virtual ~Door() = default;

  /// Serves when it returns. Raises Error: why it cannot.
  virtual void start(const Listeners& listeners) = 0;
  /// Takes no more requests, finishes what is under way, cuts the rest after `patience`. Whether nothing was cut.
  virtual bool drain(std::chrono::milliseconds patience) = 0;
  /// Certificates, roles, and what else may change while it serves were read anew. Raises Error, and all is as before.
  virtual void reload() = 0;

  /// Calls `beat` once, from wherever its work is done: a door that hangs does not. False: there is too much work just
  /// now, and it will not.
  virtual bool pulse(std::function<void()> beat) = 0;
  virtual std::vector<DoorCounters> counters() const = 0;
};

}  // namespace cw::service
