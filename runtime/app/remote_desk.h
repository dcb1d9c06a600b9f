// A desk that is elsewhere: operators' commands, sent to the operator door of a service.
//
// Owner: one thread.
#pragma once

#include <chrono>
#include <string>

#include "net/http_client.h"
#include "service/desk.h"

namespace cw::app {

struct ServiceAddress {
  std::string url{};  // http+unix:///run/cardwright/operator, https://host:8443
  std::string certificate{};
  std::string key{};
  std::string authority{};
  std::string revoked{};
  std::chrono::milliseconds deadline = std::chrono::minutes(10);  // for one answer
};

class RemoteDesk : public service::Desk {
 public:
  /// Raises usage: no address of a service; a certificate without its key.
  explicit RemoteDesk(const ServiceAddress& address);

  /// Who asks is seen by the door. Raises http: no service there, or no answer; else what the service says.
  nlohmann::ordered_json answer(const service::OperatorCommand& command, const std::string& who = {}) override;
  std::vector<service::Readiness> readiness() override { return {}; }
  service::StoreFigures figures() override { return {}; }

 private:
  std::string base_;
  net::HttpLimits limits_{};
};

}  // namespace cw::app
