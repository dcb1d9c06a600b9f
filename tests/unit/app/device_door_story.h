// A service whose door devices call over a real HTTP server, with tickets of a real store; and such devices.
//
// Owner: a story. One thread.
#pragma once

#include <cctype>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/device_runs.h"
#include "base/hex.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "se/card.h"
#include "se/sim_reader.h"
#include "service/device_door.h"
#include "store/database.h"
#include "store/store.h"

namespace cw::app {

inline const std::string kTests = std::string(CW_SOURCE_DIR) + "/tests/";

/// Registry, keys, code, personal data. How often a channel was opened may differ.
inline std::string memory(const se::Card& card) {
  nlohmann::json all = nlohmann::json::parse(card.save());
  all.erase("random_state");
  for (nlohmann::json& application : all["applications"]) {
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
    std::filesystem::copy_file(kTests + "keys/demo.keys", folder_ / "keys");
    for (const char* file : {"holder", "keys"})
      std::filesystem::permissions(folder_ / file, std::filesystem::perms::owner_read);
    start();
  }
  ~DeviceDoorStory() override {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    store::StoreOptions options;
    options.where = folder_ / "store.db";
    store_ = store::Store::open(options);
    runs_ = std::make_unique<DeviceRuns>(store_, folder_ / "keys");
    service::DeviceDesk::Setup setup_of_desk;
    setup_of_desk.open = [this](const std::string& ticket, engine::Relay relay) { return runs_->open(ticket, relay); };
    setup_of_desk.threads = 2;
    setup_of_desk.awake = awake_;
    setup_of_desk.full = std::chrono::milliseconds(50);
    desk_ = std::make_unique<service::DeviceDesk>(std::move(setup_of_desk), counters_);
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

  size_t awake_ = 2'000;  // from the next start() on
  std::filesystem::path folder_;
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
    const nlohmann::json message = nlohmann::json::parse(order);
    nlohmann::json responses = nlohmann::json::array();
    int executed = 0;
    for (const nlohmann::json& command : message.value("ramCommands", nlohmann::json::array())) {
      const std::string type = command.at("ramCommandType");
      if (type == "ramStopCommand") return {};
      if (type != "seRamCommand") continue;
      ++executed;
      nlohmann::json answers = nlohmann::json::array();
      for (const nlohmann::json& apdu : command.at("listOfCAPDU")) {
        ++apdus;
        answers.push_back(to_hex(reader_.transmit(from_hex(apdu.get<std::string>()))));
      }
      responses.push_back({{"ramResponseType", "seRamResponse"}, {"listOfRAPDU", answers}});
    }
    if (executed == 0) return polling();
    return nlohmann::json{
        {"localAgentStatus", {{"localAgentStatusEnum", "PROCESSED"}, {"executedSeRamCommands", executed}}},
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
      if (answer.status == 503) continue;  // it says the same again
      ASSERT_EQ(answer.status, 200) << answer.body;
      report = device.carry_out(answer.body);
      exchanges_ = n;
    }
  }
  size_t exchanges_ = 0;
};

}  // namespace cw::app
