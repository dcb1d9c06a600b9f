#include "app/remote_desk.h"

#include "base/error.h"
#include "service/operator_answer.h"

namespace cw::app {

using nlohmann::ordered_json;

namespace {

constexpr std::string_view kUnix = "http+unix://";
constexpr std::string_view kTls = "https://";

}  // namespace

RemoteDesk::RemoteDesk(const ServiceAddress& address) {
  if (address.url.starts_with(kUnix) && address.url.size() > kUnix.size()) {
    limits_.unix_socket = address.url.substr(kUnix.size());
    base_ = "http://localhost";
  } else if (address.url.starts_with(kTls)) {
    base_ = address.url.substr(0, address.url.find_last_not_of('/') + 1);
  } else {
    throw Error(ErrorKind::usage,
                "--service must be http+unix:///path/of/the/socket or https://host:port; "
                "cardwright serve says where it is when it starts");
  }
  if (address.certificate.empty() != address.key.empty()) {
    throw Error(ErrorKind::usage, "--cert and --key belong together: a certificate, and the file with its key");
  }
  limits_.certificate = address.certificate;
  limits_.key = address.key;
  limits_.ca_file = address.authority;
  limits_.revoked = address.revoked;
  limits_.deadline = address.deadline;
  limits_.response_bytes = 64u << 20;
}

ordered_json RemoteDesk::answer(const service::OperatorCommand& command, const std::string&) {
  const service::RequestText text = service::request_of(command);
  net::HttpRequest request{text.method, base_ + text.target, {}, text.body};
  if (!text.type.empty()) request.headers.emplace_back("Content-Type", text.type);
  const net::HttpResponse response = net::send(request, limits_);
  if (response.status != 200) throw service::error_in(response.status, response.body);
  try {
    return ordered_json::parse(response.body);
  } catch (const ordered_json::exception&) {
    throw Error(ErrorKind::http, "the service's answer is no JSON; is this address the operator door of a service?");
  }
}

}  // namespace cw::app
