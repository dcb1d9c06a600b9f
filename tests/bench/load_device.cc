#include "load_device.h"

#include <time.h>

#include "agent/script.h"
#include "agent/seram_messages.h"
#include "base/error.h"
#include "base/hex.h"

namespace cw::bench {

namespace {

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string post(const std::string& target, const std::string& headers, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// The service knows no session any more: its last word was lost on the way.
bool is_over(const LoadAnswer& answer, uint64_t orders) { return answer.status == 404 && orders > 0; }

[[noreturn]] void unexpected(const LoadAnswer& answer) {
  throw Error(ErrorKind::http, "status " + std::to_string(answer.status) + ": " + answer.body.substr(0, 200));
}

class SeramDevice : public LoadDevice {
 public:
  SeramDevice(uint32_t serial, const std::string& ticket) : LoadDevice(serial, ticket) {}

  std::string request() const override {
    const std::string session = "?sessionId=" + ticket_;
    const char* headers = "Content-Type: application/json\r\nAccept: application/json\r\n";
    if (!known_) return post("/gp/seram/handshake" + session, headers, agent::print_handshake("eSE", name_));
    return post("/gp/seram/remoteManagement" + session, headers, agent::print_report(report_));
  }
  Next take(const LoadAnswer& answer) override {
    if (is_over(answer, orders)) return {true};
    if (answer.status != 200) unexpected(answer);
    if (!known_) {
      agent::check_handshake(answer.body);
      known_ = true;
      return {};
    }
    const agent::OrderMessage order = agent::read_order(answer.body);
    report_ = {};
    if (!order.commands.empty()) report_.status = "PROCESSED";
    for (const agent::RamCommand& command : order.commands) {
      if (command.kind == agent::RamCommand::Kind::stop) return {true};
      if (command.kind != agent::RamCommand::Kind::apdus) continue;
      std::vector<Bytes>& answers = report_.responses.emplace_back();
      for (const std::string& apdu : command.apdus) answers.push_back(send(from_hex(apdu)));
      ++report_.executed;
    }
    if (report_.executed > 0) ++orders;
    return {false, order.delay};
  }

 private:
  bool known_ = false;
  agent::ReportMessage report_{};
};

class RamHttpDevice : public LoadDevice {
 public:
  RamHttpDevice(uint32_t serial, const std::string& ticket) : LoadDevice(serial, ticket), url_("/gp/ram/" + ticket) {}

  std::string request() const override {
    std::string headers =
        "X-Admin-Protocol: globalplatform-remote-admin/1.0\r\nX-Admin-From: //se-id/CUD/" + name_ + "\r\n";
    if (!body_.empty()) {
      headers +=
          "X-Admin-Script-Status: ok\r\n"
          "Content-Type: application/vnd.globalplatform.card-content-mgt-response;version=1.0\r\n";
    }
    return post(url_, headers, to_string(body_));
  }
  Next take(const LoadAnswer& answer) override {
    if (is_over(answer, orders)) return {true};
    if (answer.status != 200 && answer.status != 204) unexpected(answer);
    const auto next = answer.headers.find("x-admin-next-uri");
    body_.clear();
    if (next == answer.headers.end()) return {true};
    url_ = next->second;
    if (answer.status == 204) {
      const auto pause = answer.headers.find("retry-after");
      return {false, std::chrono::seconds(pause == answer.headers.end() ? 1 : std::stoi(pause->second))};
    }
    const agent::CommandScript script = agent::read_script(view(answer.body));
    if (script.bad) throw Error(ErrorKind::http, "a script that cannot be read");
    std::vector<Bytes> answers;
    for (const Bytes& command : script.commands) {
      answers.push_back(send(command));
      if (!agent::goes_on(answers.back())) break;
    }
    body_ = agent::print_answers(answers, script);
    ++orders;
    return {};
  }

 private:
  std::string url_;
  Bytes body_{};
};

}  // namespace

std::unique_ptr<LoadDevice> LoadDevice::make(bool seram, uint32_t serial, const std::string& ticket) {
  if (seram) return std::make_unique<SeramDevice>(serial, ticket);
  return std::make_unique<RamHttpDevice>(serial, ticket);
}

LoadDevice::LoadDevice(uint32_t serial, std::string ticket)
    : ticket_(std::move(ticket)),
      name_("load-" + std::to_string(serial)),
      card_(std::make_shared<se::Card>(se::flavor("generic"))),
      reader_(card_),
      relay_(reader_, *this, [] { return true; }) {
  card_->set_serial_number(serial);
  card_->seed(serial);
}

Bytes LoadDevice::send(ByteView command) {
  const double before = thread_seconds();
  Bytes out = relay_.send(command);
  card_seconds += thread_seconds() - before;
  return out;
}

void LoadDevice::exchanged(ByteView command, ByteView answer) {
  ++commands;
  command_bytes += command.size();
  answer_bytes += answer.size();
}

}  // namespace cw::bench
