// Figures and log lines as their readers want them.
#include "service/metrics.h"

#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"
#include "service/operator_access.h"
#include "service/operator_answer.h"
#include "service/service_log.h"

namespace cw::service {
namespace {

TEST(Metrics, have_a_line_for_each_worker_door_and_state) {
  SharedCounters counters({"operator-0"});
  counters.at(0).state = WorkerState::ready;
  counters.at(0).starts = 2;
  CountersAhead(counters.at(0)).publish({{"operator", {3, 40, 5, 6, 700, 800, {0, 0, 9, 0, 1, 0}}}});
  StoreFigures store{{{"running", 2}, {"done", 11}}, "str\"ict\\\n", "AB12"};
  const std::string text = metrics_text({counters, "1.2", store, 0.25});
  for (const char* line :
       {"# TYPE cardwright_runs gauge\n", "cardwright_build_info{version=\"1.2\"} 1\n",
        "cardwright_worker_up{worker=\"operator-0\"} 1\n", "cardwright_worker_starts_total{worker=\"operator-0\"} 2\n",
        "cardwright_connections_open{worker=\"operator-0\",door=\"operator\"} 3\n",
        "cardwright_connections_total{worker=\"operator-0\",door=\"operator\"} 40\n",
        "cardwright_answers_total{worker=\"operator-0\",door=\"operator\",class=\"2xx\"} 9\n",
        "cardwright_answers_total{worker=\"operator-0\",door=\"operator\",class=\"4xx\"} 1\n",
        "cardwright_store_up 1\n", "cardwright_store_answer_seconds 0.25\n", "cardwright_runs{state=\"done\"} 11\n",
        "cardwright_policy_in_use{policy=\"str\\\"ict\\\\\\n\",hash=\"AB12\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in:\n" << text;
  }
}

TEST(Metrics, of_devices_are_there_where_a_worker_has_their_door) {
  SharedCounters counters({"operator-0", "device-0"});
  DeviceCounters& devices = counters.at(1).devices;
  devices.seram.sessions = 7;
  devices.ram_http.untaken[static_cast<size_t>(Untaken::late)] = 2;
  devices.runs_failed = 3;
  devices.refuse(ErrorKind::policy);
  for (const int took : {900, 1000, 30'000, 99'000'000}) devices.seram.times.add(std::chrono::microseconds(took));
  const std::string text = metrics_text({counters, "1.2", {}, 0});
  const std::string of = "{worker=\"device-0\",protocol=\"";
  for (const std::string& line :
       {"cardwright_device_sessions" + of + "seram\"} 7\n", "cardwright_device_sessions" + of + "ram-http\"} 0\n",
        "cardwright_device_reports_refused_total" + of + "ram-http\",why=\"late\"} 2\n",
        std::string("cardwright_device_runs_ended_total{worker=\"device-0\",result=\"failed\"} 3\n"),
        std::string("cardwright_device_tickets_refused_total{worker=\"device-0\",kind=\"policy\"} 1\n"),
        "cardwright_device_answer_seconds_bucket" + of + "seram\",le=\"0.001\"} 2\n",
        "cardwright_device_answer_seconds_bucket" + of + "seram\",le=\"0.05\"} 3\n",
        "cardwright_device_answer_seconds_bucket" + of + "seram\",le=\"10\"} 3\n",
        "cardwright_device_answer_seconds_bucket" + of + "seram\",le=\"+Inf\"} 4\n",
        "cardwright_device_answer_seconds_sum" + of + "seram\"} 99.0319\n",
        "cardwright_device_answer_seconds_count" + of + "seram\"} 4\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in:\n" << text;
  }
  EXPECT_EQ(text.find("device_sessions{worker=\"operator-0\""), std::string::npos);
  EXPECT_EQ(metrics_text({SharedCounters({"operator-0"}), "1.2", {}, 0}).find("device_"), std::string::npos);
}

TEST(Metrics, of_a_store_that_does_not_answer_say_so) {
  SharedCounters counters({"operator-0"});
  const std::string text = metrics_text({counters, "1.2", {}, 0});
  EXPECT_NE(text.find("cardwright_store_up 0\n"), std::string::npos);
  EXPECT_EQ(text.find("cardwright_runs"), std::string::npos);
}

std::string logged(bool as_json, const std::function<void(ServiceLog&)>& what) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  const Fd in(ends[0]);
  {
    const Fd out(ends[1]);
    ServiceLog log(out.get(), as_json, log::Level::info);
    log.set_process("operator-0");
    what(log);
  }
  std::string text(4096, '\0');
  const ssize_t size = ::read(in.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return text;
}

TEST(ServiceLog, is_an_object_per_line_for_programs) {
  const std::string text = logged(true, [](ServiceLog& log) {
    log.debug("not shown");
    log.warn("a \"word\"", {{"from", "x\ny\xff"}, {"status", 403}});
  });
  ASSERT_EQ(text.find('\n'), text.size() - 1) << text;
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line.at("level"), "warn");
  EXPECT_EQ(line.at("process"), "operator-0");
  EXPECT_EQ(line.at("message"), "a \"word\"");
  EXPECT_EQ(line.at("status"), 403);
}

TEST(ServiceLog, cannot_be_used_to_write_to_a_terminal) {
  const std::string text = logged(false, [](ServiceLog& log) {
    log.info("hello", {{"from", "\x1b[2J\nforged: line"}});
  });
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_NE(text.find("info operator-0: hello from=\\x1B[2J\\x0Aforged: line"), std::string::npos) << text;
}

TEST(OperatorAccess, is_given_by_subject_and_to_the_user_who_runs_the_service) {
  const Roles roles = {{"CN=alice", {Role::viewer, ""}}, {"CN=eve", {Role::operates, "acme"}}};
  net::Peer alice;
  alice.certificate = net::ClientCertificate{"CN=alice", "", {}, {}, "", ""};
  EXPECT_EQ(visitor_of(alice, roles).role, Role::viewer);
  EXPECT_EQ(visitor_of(alice, roles).name, "CN=alice");
  EXPECT_EQ(visitor_of(alice, roles).owner, "");
  net::Peer eve = alice;
  eve.certificate->subject = "CN=eve";
  EXPECT_EQ(visitor_of(eve, roles).owner, "acme");
  net::Peer mallory = alice;
  mallory.certificate->subject = "CN=alice,O=Other";
  EXPECT_FALSE(visitor_of(mallory, roles).role);
  net::Peer here;
  here.user = net::LocalUser{::geteuid(), 1};
  EXPECT_EQ(visitor_of(here, roles).role, Role::operates);
  here.user->uid = 65533;
  EXPECT_FALSE(visitor_of(here, roles).role);
  EXPECT_FALSE(visitor_of({}, roles).role);
}

TEST(OperatorAnswer, of_an_error_is_that_error_again) {
  const net::ServerAnswer answer = error_answer(Error(ErrorKind::script, "strict.lua:3: no"));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.body, "{\"error\":{\"kind\":\"script\",\"message\":\"strict.lua:3: no\"}}\n");
  const Error again = error_in(answer.status, answer.body);
  EXPECT_EQ(again.kind(), ErrorKind::script);
  EXPECT_EQ(again.message(), "strict.lua:3: no");
  EXPECT_EQ(error_answer(Error(ErrorKind::usage, "", {}, kNotThere)).status, 404);
  EXPECT_EQ(error_answer(Error(ErrorKind::usage, "", {}, kConflict)).status, 409);
  EXPECT_EQ(error_in(502, "<html>").kind(), ErrorKind::http);
}

}  // namespace
}  // namespace cw::service
