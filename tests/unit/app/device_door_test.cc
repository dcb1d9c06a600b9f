// Devices call a real HTTP server, with tickets of a real store: what is lost, doubled, forged or begun again on the
// way.
#include "service/device_door.h"

#include <cctype>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/device_runs.h"
#include "app/store_desk.h"
#include "base/hex.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "se/card.h"
#include "se/sim_reader.h"
#include "store/database.h"
#include "store/store.h"

namespace cw::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kTests = std::string(CW_SOURCE_DIR) + "/tests/";

/// Registry, keys, code, personal data. How often a channel was opened may differ.
std::string memory(const se::Card& card) {
  json all = json::parse(card.save());
  all.erase("random_state");
  for (json& application : all["applications"]) {
    if (application.contains("sd")) application["sd"].erase("counters");
  }
  return all.dump(1);
}

/// The service's side: a store, and the door of one process of it after the other.
class DeviceDoorStory : public testing::Test {
 protected:
  DeviceDoorStory() {
    ::setenv("CARDWRIGHT_SHARE", CW_SOURCE_DIR, 1);  // scripts and policy, as long as none are in use
    char name[] = "/tmp/cw-device-door-XXXXXX";
    folder_ = ::mkdtemp(name);
    std::ofstream(folder_ / "holder") << "Ada Lovelace";
    fs::copy_file(kTests + "keys/demo.keys", folder_ / "keys");
    for (const char* file : {"holder", "keys"}) fs::permissions(folder_ / file, fs::perms::owner_read);
    start();
  }
  ~DeviceDoorStory() override {
    stop();
    fs::remove_all(folder_);
  }

  void start() {
    store::StoreOptions options;
    options.where = folder_ / "store.db";
    store_ = store::Store::open(options);
    runs_ = std::make_unique<DeviceRuns>(store_, folder_ / "keys");
    desk_ = std::make_unique<service::DeviceDesk>(
        service::DeviceDesk::Setup{
            [this](const std::string& ticket, engine::Relay relay) { return runs_->open(ticket, relay); }, 2},
        counters_);
    door_ = std::make_unique<service::DeviceDoor>(*desk_, service::DeviceDoor::Setup{1, {}});
    net::ServerSetup setup;
    setup.listen = "127.0.0.1:0";
    setup.handler = [this](net::ServerRequest request, net::Reply reply) {
      door_->handle(std::move(request), std::move(reply));
    };
    server_ = std::make_unique<net::HttpServer>(setup);
  }
  void stop() {
    server_.reset();
    desk_.reset();
    door_.reset();
    runs_.reset();
    store_.reset();
  }

  std::string ticket(const std::string& flow = "demo/install",
                     std::chrono::milliseconds lifetime = std::chrono::minutes(5), const std::string& card = "") {
    std::vector<std::string> settings;
    if (flow == "demo/install") {
      settings = {"cap=" + kTests + "caps/transit-2.1.cap", "holder=@" + (folder_ / "holder").string()};
    }
    return issue_ticket(*store_, *BundleInUse(store_).now(), {flow, settings, "generic", card, lifetime});
  }
  net::HttpResponse post(const std::string& path, const std::string& body, net::Headers headers = {}) {
    return net::send({"POST", "http://" + server_->address() + path, std::move(headers), body});
  }
  store::RunRow run() { return store_->runs().list({}).at(0); }

  fs::path folder_;
  std::shared_ptr<store::Store> store_;
  std::unique_ptr<DeviceRuns> runs_;
  service::DeviceCounters counters_;
  std::unique_ptr<service::DeviceDesk> desk_;
  std::unique_ptr<service::DeviceDoor> door_;
  std::unique_ptr<net::HttpServer> server_;
};

/// A SERAM agent that was written from the standard's text: it sends each APDU, and knows no status words.
class SeramDevice {
 public:
  explicit SeramDevice(std::shared_ptr<se::Card> card) : reader_(std::move(card)) { reader_.reset(); }

  static std::string handshake() {
    return R"({"secureElements":[{"seType":"eSE","seId":"8900"}],"supportedVersions":["2.0.0"]})";
  }
  /// Carries the order out; what it reports next. Empty: the session is over.
  std::string carry_out(const std::string& order) {
    const json message = json::parse(order);
    json responses = json::array();
    int executed = 0;
    for (const json& command : message.value("ramCommands", json::array())) {
      const std::string type = command.at("ramCommandType");
      if (type == "ramStopCommand") return {};
      if (type != "seRamCommand") continue;
      ++executed;
      json answers = json::array();
      for (const json& apdu : command.at("listOfCAPDU")) {
        ++apdus;
        answers.push_back(to_hex(reader_.transmit(from_hex(apdu.get<std::string>()))));
      }
      responses.push_back({{"ramResponseType", "seRamResponse"}, {"listOfRAPDU", answers}});
    }
    if (executed == 0) return polling();
    return json{{"localAgentStatus", {{"localAgentStatusEnum", "PROCESSED"}, {"executedSeRamCommands", executed}}},
                {"ramResponses", responses}}
        .dump();
  }
  static std::string polling() {
    return R"({"localAgentStatus":{"localAgentStatusEnum":"POLLING","executedSeRamCommands":0}})";
  }
  size_t apdus = 0;

 private:
  se::SimReader reader_;
};

class Seram : public DeviceDoorStory {
 protected:
  std::string session(const std::string& ticket) { return "?sessionId=" + ticket; }
  net::HttpResponse manage(const std::string& ticket, const std::string& report) {
    return post("/gp/seram/remoteManagement" + session(ticket), report);
  }
  /// From the first poll to the stop command. `between`: told before each request which one it is.
  void serve(SeramDevice& device, const std::string& ticket, const std::function<void(size_t)>& between = {}) {
    const net::HttpResponse hello = post("/gp/seram/handshake" + session(ticket), SeramDevice::handshake());
    ASSERT_EQ(hello.status, 200) << hello.body;
    std::string report = SeramDevice::polling();
    for (size_t n = 1; !report.empty() && n < 2000; ++n) {
      if (between) between(n);
      const net::HttpResponse answer = manage(ticket, report);
      ASSERT_EQ(answer.status, 200) << answer.body;
      report = device.carry_out(answer.body);
      exchanges_ = n;
    }
  }
  size_t exchanges_ = 0;
};

TEST_F(Seram, a_ticket_brings_an_applet_onto_the_card_of_a_device) {
  auto card = std::make_shared<se::Card>(se::flavor("generic"));
  SeramDevice device(card);
  const std::string text = ticket();
  serve(device, text);
  EXPECT_EQ(run().state, store::RunState::done);
  EXPECT_EQ(run().card, "device");
  EXPECT_NE(run().card_id, "") << "as the card itself answered";
  EXPECT_NE(memory(*card), memory(se::Card(se::flavor("generic"))));
  EXPECT_EQ(counters_.runs_begun, 1u);
  EXPECT_EQ(counters_.runs_done, 1u);
  EXPECT_EQ(counters_.seram.orders, counters_.seram.reports);
  EXPECT_EQ(counters_.seram.sessions, 1u);
  EXPECT_LT(exchanges_ * 2, device.apdus) << "LOAD blocks travel together";
}

TEST_F(Seram, whenever_the_service_begins_anew_the_card_ends_up_the_same) {
  auto whole = std::make_shared<se::Card>(se::flavor("generic"));
  SeramDevice untroubled(whole);
  serve(untroubled, ticket());
  const size_t exchanges = exchanges_;
  for (size_t at = 2; at < exchanges; at += 3) {
    SCOPED_TRACE("before request " + std::to_string(at));
    auto card = std::make_shared<se::Card>(se::flavor("generic"));
    SeramDevice device(card);
    serve(device, ticket(), [&](size_t n) {
      if (n != at) return;
      stop();
      start();
    });
    EXPECT_EQ(run().state, store::RunState::done);
    EXPECT_EQ(memory(*card), memory(*whole));
  }
}

TEST_F(Seram, a_report_that_comes_twice_is_taken_once) {
  auto card = std::make_shared<se::Card>(se::flavor("generic"));
  auto whole = std::make_shared<se::Card>(se::flavor("generic"));
  SeramDevice device(card);
  SeramDevice untroubled(whole);
  serve(untroubled, ticket());
  const std::string text = ticket();
  std::string report = SeramDevice::polling();
  for (int n = 0; !report.empty() && n < 2000; ++n) {
    const std::string first = manage(text, report).body;
    const net::HttpResponse again = manage(text, report);
    ASSERT_EQ(again.status, 200);
    report = device.carry_out(again.body);
  }
  EXPECT_EQ(run().state, store::RunState::done) << run().error;
  EXPECT_EQ(memory(*card), memory(*whole));
}

TEST_F(Seram, tickets_that_are_forged_expired_or_used_open_nothing) {
  const std::string good = ticket("demo/inventory");
  std::string forged = good;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(manage(forged, SeramDevice::polling()).status, 404);
  EXPECT_EQ(manage("x", SeramDevice::polling()).status, 404);
  EXPECT_EQ(manage(ticket("demo/inventory", std::chrono::milliseconds(-1)), SeramDevice::polling()).status, 404);
  EXPECT_EQ(counters_.refused[static_cast<size_t>(ErrorKind::usage)], 3u);
  SeramDevice device(std::make_shared<se::Card>(se::flavor("generic")));
  serve(device, good);
  EXPECT_EQ(run().state, store::RunState::done);
  EXPECT_EQ(store_->runs().list({}).size(), 1u);
  stop();
  start();
  EXPECT_EQ(manage(good, SeramDevice::polling()).status, 404);
  EXPECT_EQ(store_->runs().list({}).size(), 1u) << "a ticket is good for one run";
}

TEST_F(Seram, a_device_that_comes_with_another_card_gets_no_further) {
  auto mine = std::make_shared<se::Card>(se::flavor("generic"));
  auto other = std::make_shared<se::Card>(se::flavor("jcop4"));
  SeramDevice device(mine);
  SeramDevice liar(other);
  const std::string text = ticket();
  const std::string before = memory(*other);
  std::string report = SeramDevice::polling();
  for (int n = 0; n < 20; ++n) report = device.carry_out(manage(text, report).body);
  stop();
  start();
  report = SeramDevice::polling();
  for (int n = 0; !report.empty() && n < 20; ++n) {
    const net::HttpResponse answer = manage(text, report);
    if (answer.status != 200) break;
    report = liar.carry_out(answer.body);
  }
  EXPECT_EQ(memory(*other), before);
}

TEST_F(Seram, a_session_speaks_one_protocol) {
  const std::string text = ticket();
  ASSERT_EQ(manage(text, SeramDevice::polling()).status, 200);
  const net::Headers headers = {{"X-Admin-Protocol", "globalplatform-remote-admin/1.0"}, {"X-Admin-From", "7"}};
  EXPECT_EQ(post("/gp/ram/" + text, "", headers).status, 404);
  EXPECT_EQ(manage(text, SeramDevice::polling()).status, 200);
}

TEST_F(Seram, a_device_whose_run_another_process_holds_is_told_to_ask_again) {
  const std::string text = ticket();
  store::StoreOptions options;
  options.where = folder_ / "store.db";
  const DeviceRuns other(store::Store::open(options), folder_ / "keys");
  auto held = other.open(text, engine::Relay::goes_on);
  EXPECT_EQ(post("/gp/seram/handshake" + session(text), SeramDevice::handshake()).status, 200);
  for (int n = 0; n < 3; ++n) {
    const net::HttpResponse answer = manage(text, SeramDevice::polling());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"delay":1})");
  }
  EXPECT_EQ(counters_.seram.sessions, 1u);
  held.reset();
  const json order = json::parse(manage(text, SeramDevice::polling()).body);
  EXPECT_EQ(order.at("chosenSecureElement").at("seId"), "8900") << "what the handshake said is kept";
  EXPECT_EQ(counters_.runs_taken_up, 1u);
}

TEST_F(Seram, a_run_that_the_store_did_not_keep_up_with_is_taken_up_and_the_card_ends_up_the_same) {
  auto whole = std::make_shared<se::Card>(se::flavor("generic"));
  SeramDevice untroubled(whole);
  serve(untroubled, ticket());
  auto card = std::make_shared<se::Card>(se::flavor("generic"));
  SeramDevice device(card);
  const auto database = store::open_database((folder_ / "store.db").string(), false);
  serve(device, ticket(), [&](size_t n) {
    // As if another process had taken the run over and given it up.
    if (n == 4) database->run({"UPDATE runs SET fence = fence + 1, holder = ''", {}});
  });
  EXPECT_EQ(run().state, store::RunState::done);
  EXPECT_EQ(memory(*card), memory(*whole));
  EXPECT_EQ(counters_.runs_taken_up, 1u);
  EXPECT_EQ(counters_.seram.waits, 1u) << "the device was told to ask again";
}

TEST_F(Seram, the_application_on_the_device_hears_how_it_ended) {
  const std::string text = ticket("demo/inventory");
  SeramDevice device(std::make_shared<se::Card>(se::flavor("generic")));
  std::string report = SeramDevice::polling();
  std::string last;
  for (int n = 0; !report.empty() && n < 2000; ++n) report = device.carry_out(last = manage(text, report).body);
  const json said = {
      {{"ramCommandType", "notificationCommand"}, {"deviceAppNotification", "run/" + run().id + "/done"}},
      {{"ramCommandType", "ramStopCommand"}}};
  EXPECT_EQ(json::parse(last).at("ramCommands"), said);
  EXPECT_EQ(json::parse(manage(text, SeramDevice::polling()).body).at("ramCommands"), said) << "should it be lost";
}

TEST_F(Seram, a_run_that_has_used_its_attempts_up_waits_for_an_operator) {
  const std::string text = ticket();
  const std::string unavailable =
      R"({"localAgentStatus":{"localAgentStatusEnum":"UNAVAILABLE_SE","executedSeRamCommands":0,"errorMsg":"none"}})";
  manage(text, SeramDevice::polling());
  for (int n = 0; n < 6; ++n) EXPECT_EQ(manage(text, unavailable).status, 200);
  EXPECT_EQ(run().state, store::RunState::stuck);
  EXPECT_FALSE(run().held) << "nobody holds what is over";
  stop();
  start();
  EXPECT_EQ(manage(text, SeramDevice::polling()).status, 404);
  EXPECT_EQ(run().attempts, 5);

  StoreDesk operators([this](Wants) { return store_; });
  const service::OperatorCommand resume{service::Ask::run_resume, {{"run", run().id}}, {}};
  EXPECT_EQ(operators.answer(resume, "ada@desk").at("state"), "running");
  EXPECT_FALSE(run().held) << "it is the device's turn";
  EXPECT_EQ(operators.answer(resume, "ada@desk").at("state"), "running") << "twice is once";
  SeramDevice device(std::make_shared<se::Card>(se::flavor("generic")));
  serve(device, text);
  EXPECT_EQ(run().state, store::RunState::done);
  EXPECT_EQ(run().attempts, 6);
}

TEST_F(Seram, a_ticket_is_written_in_one_way) {
  std::string text = ticket("demo/inventory");
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  EXPECT_EQ(manage(text, SeramDevice::polling()).status, 404);
}

TEST_F(Seram, what_is_no_message_is_answered_in_one_line) {
  const std::string text = ticket("demo/inventory");
  EXPECT_EQ(manage(text, "{").status, 400);
  EXPECT_EQ(manage(text, "{}").status, 400);
  EXPECT_EQ(manage(text, std::string(100'000, '[')).status, 400);
  EXPECT_EQ(post("/gp/seram/remoteManagement", SeramDevice::polling()).status, 400);
  EXPECT_EQ(post("/gp/seram/other?sessionId=" + text, "{}").status, 404);
  EXPECT_EQ(post("/elsewhere", "{}").status, 404);
  EXPECT_EQ(net::send({"GET", "http://" + server_->address() + "/gp/seram/handshake?sessionId=" + text, {}, ""}).status,
            405);
  EXPECT_EQ(store_->runs().list({}).size(), 0u);
}

TEST_F(Seram, an_order_that_was_not_reported_goes_out_again_unless_it_must_not) {
  auto card = std::make_shared<se::Card>(se::flavor("generic"));
  auto whole = std::make_shared<se::Card>(se::flavor("generic"));
  SeramDevice untroubled(whole);
  serve(untroubled, ticket());
  SeramDevice device(card);
  const std::string text = ticket();
  // Each report but every fifth is lost, and the device asks what there is to do.
  std::string report = SeramDevice::polling();
  int polls = 0;
  for (int n = 0; !report.empty() && n < 3000; ++n) {
    const bool lost = n % 5 == 4 && polls < 4;
    if (lost) ++polls;
    report = device.carry_out(manage(text, lost ? SeramDevice::polling() : report).body);
  }
  EXPECT_EQ(run().state, store::RunState::done) << run().error;
  EXPECT_EQ(memory(*card), memory(*whole));
}

}  // namespace
}  // namespace cw::app
