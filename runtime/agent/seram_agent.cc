#include "agent/seram_agent.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"

namespace cw::agent {

namespace {

constexpr std::string_view kPath = "/gp/seram";  // of the document's servers

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// One line, whatever the server put into it.
std::string one_line(std::string text) {
  constexpr size_t kLongest = 200;
  if (text.size() > kLongest) text.resize(kLongest);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

std::string count_of(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

SeramAgent::SeramAgent(const Setup& setup, Relay& relay, Follower& follower)
    : setup_(setup), relay_(relay), follower_(follower), line_(setup, follower), base_(setup.server) {
  if (setup.session.empty() || !std::all_of(setup.session.begin(), setup.session.end(), is_plain)) {
    throw Error(ErrorKind::usage,
                "a session of GP SERAM is letters, digits and - . _ ~, and not '" + one_line(setup.session) + "'");
  }
  if (base_.find_first_of("?#") != std::string::npos) {
    throw Error(ErrorKind::usage, "the server's URL for GP SERAM has no query; the session has an option of its own");
  }
  while (base_.ends_with('/')) base_.pop_back();
  const size_t host = base_.find("://");
  if (host != std::string::npos && base_.find('/', host + 3) == std::string::npos) base_ += kPath;
}

std::optional<net::HttpResponse> SeramAgent::post(const char* endpoint, const std::string& body) {
  const std::string url = base_ + endpoint;
  auto response = line_.post(url + "?sessionId=" + setup_.session,
                             {{"Content-Type", "application/json"}, {"Accept", "application/json"}}, body);
  if (!response || response->status == 200) return response;
  std::string why = "the server answered with status " + std::to_string(response->status);
  if (response->status == 404)
    why = "the server knows no session " + shown_session(setup_.session) + ", or nothing at this URL (404)";
  if (response->status == 406) why = "the server does not speak what the agent does (406)";
  throw Error(ErrorKind::http, "POST " + url + ": " + why);
}

bool SeramAgent::handshake() {
  const auto response = post("/handshake", print_handshake(setup_.se_type, setup_.se_id));
  if (!response) return false;
  check_handshake(response->body);
  follower_.said("session " + shown_session(setup_.session) + " at " + shown_url(base_));
  return true;
}

bool SeramAgent::send_all(const std::vector<std::string>& apdus, ReportMessage& report) {
  std::vector<Bytes>& answers = report.responses.emplace_back();
  for (const std::string& apdu : apdus) {
    if (line_.interrupted()) return false;
    try {
      answers.push_back(relay_.send(from_hex(apdu)));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::reader && error.kind() != ErrorKind::usage) throw;
      report.status = error.kind() == ErrorKind::reader ? "UNAVAILABLE_SE" : "UNKNOWN_FAILURE";
      report.error = error.message();
      answers.resize(apdus.size());  // what has no answer has an empty one
      follower_.said(report.error);
      return false;
    }
  }
  return true;
}

bool SeramAgent::carry_out(const OrderMessage& order, ReportMessage& report) {
  if (!order.commands.empty()) report.status = "PROCESSED";
  size_t sent = 0;
  for (const RamCommand& command : order.commands) {
    switch (command.kind) {
      case RamCommand::Kind::start:
        break;
      case RamCommand::Kind::stop:
        return false;
      case RamCommand::Kind::notification:
        follower_.said("the server says: " + one_line(command.notification));
        break;
      case RamCommand::Kind::apdus:
        if (order.se_id && *order.se_id != setup_.se_id) {
          report.status = "UNAVAILABLE_SE";
          report.error = "there is no such secure element here";
          follower_.said("the server orders commands for another secure element; none was sent");
          return true;
        }
        if (!send_all(command.apdus, report)) return true;
        sent += command.apdus.size();
        ++report.executed;
        break;
    }
  }
  if (report.executed > 0) follower_.said(count_of(sent, "command") + " carried out");
  return true;
}

End SeramAgent::run() {
  if (!handshake()) return End::interrupted;
  for (ReportMessage report;;) {
    const auto response = post("/remoteManagement", print_report(report));
    if (!response) return End::interrupted;
    const OrderMessage order = read_order(response->body);
    report = ReportMessage();
    const bool goes_on = carry_out(order, report);
    if (!order.commands.empty()) follower_.carried_out();
    if (!goes_on) {
      follower_.said("the server ended the session");
      return End::by_server;
    }
    if (!line_.pause(order.delay)) return End::interrupted;
  }
}

}  // namespace cw::agent
