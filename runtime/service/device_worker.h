// The door for devices, as a worker drives it: a server, the desk behind it, and what they count.
//
// Owner: a worker. Thread rule: as Door.
#pragma once

#include <functional>
#include <memory>

#include "service/config.h"
#include "service/device_counters.h"
#include "service/device_run.h"
#include "service/door.h"
#include "service/service_log.h"

namespace cw::service {

struct DeviceWorkerSetup {
  const Configuration& configuration;  // borrowed; may change before reload(), on the same thread
  const ServiceLog& log;
  DeviceCounters& counters;            // borrowed: memory that outlives the worker
  std::function<OpenTicket()> open{};  // called when it starts; raises what keeps it from serving
  OwnerOfTicket owner_of{};            // may be empty
};

/// Names of its listeners.
inline constexpr const char* kDevice = "device";
inline constexpr const char* kDeviceSharedKey = "device-psk";

/// `configuration` has such a door.
std::unique_ptr<Door> make_device_door(const DeviceWorkerSetup& setup);

}  // namespace cw::service
