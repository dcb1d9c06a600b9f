// A run on the secure element of a device that calls, and how it is opened by what the device presents.
//
// Owner: a device's session. One thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/run.h"

namespace cw::service {

class DeviceRun {
 public:
  virtual ~DeviceRun() = default;
  virtual engine::Run& run() = 0;
  virtual const std::string& id() const = 0;
  /// Whose run it is: the threads of the service serve owners in turn.
  virtual const std::string& owner() { return run().owner(); }
  /// It had begun before, maybe in another process.
  virtual bool taken_up() const = 0;

  /// Of a run that a store keeps, and that may be dropped from memory while an order of it is out. How many orders were
  /// made for its device, in all attempts; 0: it is kept nowhere.
  virtual size_t orders() const { return 0; }
  /// Whether one of them was reported.
  virtual bool reported() const { return false; }
  /// What its session told to keep(), maybe in another process.
  virtual std::string kept() const { return {}; }
  virtual void keep(const std::string& /*text*/) {}
};

/// Begins the run of a ticket, or takes it up where it is under way. Raises usage: forged, expired, its run is over;
/// store: also with the cause "held", where another process works on it; script, policy.
using OpenTicket = std::function<std::unique_ptr<DeviceRun>(const std::string& ticket, engine::Relay relay)>;

/// Whose run it is for, before it is opened. Raises usage: forged.
using OwnerOfTicket = std::function<std::string(const std::string& ticket)>;

}  // namespace cw::service
