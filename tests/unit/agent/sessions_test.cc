// Both sides of both protocols with each other: the agent with a simulated card, and a server that keeps sessions as
// the device door does, over a real socket. The two sides share no code, so they agree on the documents or not at all.
#include <map>
#include <mutex>

#include <gtest/gtest.h>

#include "agent/ram_http_agent.h"
#include "agent/seram_agent.h"
#include "base/error.h"
#include "base/hex.h"
#include "net/http_server.h"
#include "se/flavor.h"
#include "se/sim_reader.h"
#include "service/ram_http.h"
#include "service/seram_exchange.h"

namespace cw::agent {
namespace {

using service::Judged;

/// A server with a list of orders, which goes on from its text at each request, and loses each third answer.
template <class Exchange>
class Door {
 public:
  explicit Door(std::vector<service::Order> orders) : orders_(std::move(orders)), server_(setup()) {}

  std::string url(const std::string& path) const { return "http://" + server_.address() + path; }
  std::vector<service::Report> reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  unsigned lost = 0;  // answers
  unsigned sent_again = 0;

 private:
  net::ServerSetup setup() {
    net::ServerSetup out;
    out.listen = "127.0.0.1:0";
    out.handler = [this](const net::ServerRequest& request, net::Reply reply) {
      const std::lock_guard lock(mutex_);
      net::ServerAnswer answer = take(request);
      // 503 stands for an answer that the device never sees: what it does then is the same.
      if (++requests_ % 3 == 0) {
        ++lost;
        answer = {.status = 503};
      }
      reply.send(std::move(answer));
    };
    return out;
  }

  net::ServerAnswer take(const net::ServerRequest& request);

  void settle(const Judged& judged, Exchange& exchange) {
    ASSERT_NE(judged.what, Judged::What::foreign) << judged.why;
    ASSERT_NE(judged.what, Judged::What::lost) << judged.why;
    if (judged.what == Judged::What::reported) {
      reports_.push_back(judged.report);
      exchange.taken();
    } else if (exchange.order() != nullptr) {
      ++sent_again;
    }
    if (exchange.order() != nullptr || exchange.stopped()) return;
    if (next_ < orders_.size()) {
      exchange.put(orders_[next_++]);
    } else {
      exchange.stop();
    }
  }

  std::mutex mutex_{};
  std::vector<service::Order> orders_;
  size_t next_ = 0;
  unsigned requests_ = 0;
  std::vector<service::Report> reports_{};
  std::string kept_ = Exchange().text();
  net::HttpServer server_;
};

template <>
net::ServerAnswer Door<service::SeramExchange>::take(const net::ServerRequest& request) {
  if (request.target.starts_with("/gp/seram/handshake?sessionId=s1")) {
    return {.status = 200, .body = *answer_seram_handshake(service::read_seram_handshake(request.body))};
  }
  service::SeramExchange exchange = service::SeramExchange::parse(kept_);
  settle(exchange.judge(service::read_seram_report(request.body)), exchange);
  net::ServerAnswer answer{.status = 200, .body = exchange.answer(0)};
  kept_ = exchange.text();
  return answer;
}

template <>
net::ServerAnswer Door<service::RamHttpExchange>::take(const net::ServerRequest& request) {
  service::RamHttpExchange exchange = service::RamHttpExchange::parse(kept_);
  settle(exchange.judge(service::read_ram_http(request.target, request.headers, request.body)), exchange);
  net::ServerAnswer answer = exchange.answer("/ram", 0);
  kept_ = exchange.text();
  return answer;
}

struct Device {
  se::SimReader reader{std::make_shared<se::Card>(se::flavor("generic"))};
  Follower nobody{};
  Relay relay{reader, nobody, [] { return false; }};
  Setup setup{};

  explicit Device(std::string server) {
    setup.server = std::move(server);
    setup.session = "s1";
    setup.se_id = "42";
    setup.first_wait = std::chrono::milliseconds(1);
  }
};

const Bytes kSelect = from_hex("00A4040000");
const Bytes kCplc = from_hex("80CA9F7F00");
const Bytes kNothing = from_hex("80CA00FF00");

std::vector<service::Order> orders() {
  return {{{kSelect, kCplc}}, {{kCplc}}, {{kCplc}}, {{kNothing, kCplc}}, {std::vector<Bytes>(7, kCplc)}, {{kCplc}}};
}

uint16_t sw(const Bytes& answer) { return static_cast<uint16_t>(read_be(ByteView(answer).last(2))); }

TEST(Sessions, a_seram_session_over_a_line_that_loses_answers_brings_each_report_once) {
  Door<service::SeramExchange> door(orders());
  Device device(door.url("/gp/seram"));
  EXPECT_EQ(SeramAgent(device.setup, device.relay, device.nobody).run(), End::by_server);
  const std::vector<service::Report> reports = door.reports();
  ASSERT_EQ(reports.size(), orders().size());
  for (size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].outcome, service::Report::Outcome::processed);
    EXPECT_EQ(reports[i].answers.size(), orders()[i].commands.size());
  }
  EXPECT_EQ(sw(reports[0].answers[0]), 0x9000);
  EXPECT_EQ(sw(reports[3].answers[0]), 0x6A88) << "SERAM sends each command, whatever the one before answered";
  EXPECT_EQ(sw(reports[3].answers[1]), 0x9000);
  EXPECT_GT(door.lost, 2u);
  EXPECT_GT(door.sent_again, 0u);
}

TEST(Sessions, a_ram_http_session_over_a_line_that_loses_answers_brings_each_report_once) {
  Door<service::RamHttpExchange> door(orders());
  Device device(door.url("/ram"));
  EXPECT_EQ(RamHttpAgent(device.setup, device.relay, device.nobody).run(), End::by_server);
  const std::vector<service::Report> reports = door.reports();
  ASSERT_EQ(reports.size(), orders().size());
  for (size_t i = 0; i < reports.size(); ++i) {
    if (i == 3) continue;
    EXPECT_EQ(reports[i].outcome, service::Report::Outcome::processed);
    EXPECT_EQ(reports[i].answers.size(), orders()[i].commands.size());
  }
  EXPECT_EQ(reports[3].outcome, service::Report::Outcome::stopped) << "a script stops at the first error";
  ASSERT_EQ(reports[3].answers.size(), 1u);
  EXPECT_EQ(sw(reports[3].answers[0]), 0x6A88);
  EXPECT_GT(door.lost, 2u);
  EXPECT_GT(door.sent_again, 0u);
}

TEST(Sessions, an_agent_that_is_interrupted_ends_between_requests) {
  Door<service::SeramExchange> door(orders());
  Device device(door.url("/gp/seram"));
  const std::atomic<bool> stop = true;
  device.setup.http.stop = &stop;
  EXPECT_EQ(SeramAgent(device.setup, device.relay, device.nobody).run(), End::interrupted);
  EXPECT_EQ(RamHttpAgent(device.setup, device.relay, device.nobody).run(), End::interrupted);
  EXPECT_TRUE(door.reports().empty());
}

TEST(Sessions, an_agent_that_is_interrupted_sends_no_further_command_and_reports_nothing) {
  struct Stopper : Follower {
    void exchanged(ByteView, ByteView) override {
      ++sent;
      stop = true;
    }
    std::atomic<bool> stop = false;
    unsigned sent = 0;
  };
  for (const bool seram : {true, false}) {
    Door<service::SeramExchange> door({{std::vector<Bytes>(7, kCplc)}});
    Door<service::RamHttpExchange> other({{std::vector<Bytes>(7, kCplc)}});
    Device device(seram ? door.url("/gp/seram") : other.url("/ram"));
    Stopper stopper;
    Relay relay(device.reader, stopper, [] { return false; });
    device.setup.http.stop = &stopper.stop;
    EXPECT_EQ(seram ? SeramAgent(device.setup, relay, stopper).run() : RamHttpAgent(device.setup, relay, stopper).run(),
              End::interrupted);
    EXPECT_EQ(stopper.sent, 1u);
    EXPECT_TRUE(door.reports().empty() && other.reports().empty());
  }
}

TEST(Sessions, a_server_that_is_not_there_is_given_up) {
  Device device("http://127.0.0.1:1/gp/seram");
  device.setup.patience = std::chrono::milliseconds(5);
  try {
    SeramAgent(device.setup, device.relay, device.nobody).run();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::http);
    EXPECT_NE(error.message().find("gives up"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace cw::agent
