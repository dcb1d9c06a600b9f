// The door for card issuers and device makers: table 7 (keys of a domain) and table 9 (its state) of T/TAF 096-2021, as
// JSON over mutual TLS. What cannot be read, or comes from nobody we know, is an error of HTTP; all else is answered
// with 200 and a resultCode.
//
// Owner: a worker. Thread rule: as Door.
#pragma once

#include <functional>
#include <memory>

#include "service/config.h"
#include "service/door.h"
#include "service/issuer_desk.h"
#include "service/service_log.h"

namespace cw::service {

struct IssuerDoorSetup {
  const Configuration& configuration;  // borrowed; may change before reload(), on the same thread
  const ServiceLog& log;
  std::function<std::unique_ptr<IssuerDesk>()> open{};
  /// Something was put into the outbox. Called in the desk's thread; may be empty.
  std::function<void()> told{};
};

/// Name of its listener.
inline constexpr const char* kIssuer = "issuer";

std::unique_ptr<Door> make_issuer_door(const IssuerDoorSetup& setup);

}  // namespace cw::service
