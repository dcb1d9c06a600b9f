// The door that devices call at, in both protocols: GP SERAM 2.0 over HTTP REST under /gp/seram, GlobalPlatform
// Amendment B (RAM over HTTP) under /gp/ram/TICKET. The ticket is the session: SERAM's sessionId, and the last part of
// Amendment B's path.
//
// Owner: a worker of the service; outlives its server. Thread rule: any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "service/device_desk.h"

namespace cw::service {

/// Which protocol is spoken at this path; nothing: none.
std::optional<engine::Relay> protocol_at(std::string_view target);

class DeviceDoor {
 public:
  struct Setup {
    uint32_t delay_ms = 500;  // until a device that has nothing to do asks again
    /// What the operator should know: a run that ended, a device that lies, a request that is none. `who`: the run, or
    /// where the device calls from. Empty: nobody is told.
    std::function<void(const std::string& who, const std::string& what)> tell{};
  };
  DeviceDoor(DeviceDesk& desk, Setup setup) : desk_(desk), setup_(std::move(setup)) {}

  /// What an HTTP server is given as its handler.
  void handle(const net::ServerRequest& request, net::Reply reply);

 private:
  using SharedReply = std::shared_ptr<net::Reply>;
  void handshake(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply);
  void manage(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply);
  void ram_http(const std::string& ticket, const net::ServerRequest& request, const SharedReply& reply);
  /// What the request means for the session. `Exchange`: of either protocol.
  template <class Exchange>
  void hear(DeviceCall& call, Exchange& exchange, const Judged& judged);
  /// Once the session has gone on: what comes next. False: what the device said could not be kept, and it is to say it
  /// again.
  template <class Exchange>
  bool order(DeviceCall& call, Exchange& exchange);
  void waits(const std::string& from, DeviceCall& call, const Error& error);
  void untaken(engine::Relay relay, Untaken why);
  /// Of a session that could not be opened or go on: why is for the operator alone.
  void refuse(const std::string& from, net::Reply& reply, const Error& error) const;
  uint32_t delay_of(const DeviceCall& call) const;

  DeviceDesk& desk_;
  Setup setup_;
};

}  // namespace cw::service
