// The door for operators: JSON over HTTP, on a unix socket for the user who runs the service and over TLS for holders
// of certificates that have a role. Beside it the door for monitoring: life, readiness and figures.
//
// Owner: a worker. Thread rule: as Door.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "service/config.h"
#include "service/desk.h"
#include "service/door.h"
#include "service/service_log.h"

namespace cw::service {

struct OperatorDoorSetup {
  const Configuration& configuration;  // borrowed; may change before reload(), on the same thread
  const SharedCounters& counters;
  const ServiceLog& log;
  std::string version{};                          // of the program
  std::function<std::unique_ptr<Desk>()> open{};  // a desk for one thread
};

/// Names of its listeners.
inline constexpr const char* kOperatorUnix = "operator";
inline constexpr const char* kOperatorHttps = "operator-tls";
inline constexpr const char* kMetrics = "metrics";

std::unique_ptr<Door> make_operator_door(const OperatorDoorSetup& setup);

}  // namespace cw::service
