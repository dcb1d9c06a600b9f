// Devices call a real HTTP server, with tickets of a real store: what is lost, doubled, forged or begun again on the
// way.
#include "app/policy_source.h"
#include "app/store_desk.h"
#include "device_door_story.h"

namespace cw::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

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
    EXPECT_EQ(run().attempts, 1);
    EXPECT_EQ(device.apdus, untroubled.apdus);
    EXPECT_EQ(memory(*card), memory(*whole));
  }
}

TEST_F(Seram, of_many_devices_few_are_awake_and_each_card_ends_up_the_same) {
  auto whole = std::make_shared<se::Card>(se::flavor("generic"));
  whole->set_serial_number(1);
  SeramDevice untroubled(whole);
  serve(untroubled, ticket());
  stop();
  awake_ = 1;  // for each of two threads
  start();
  struct Device {
    std::shared_ptr<se::Card> card = std::make_shared<se::Card>(se::flavor("generic"));
    SeramDevice device{card};
    std::string ticket{};
    std::string report = SeramDevice::polling();
  };
  std::vector<std::unique_ptr<Device>> devices(6);
  uint32_t serial = 1;
  for (std::unique_ptr<Device>& each : devices) {
    each = std::make_unique<Device>();
    each->card->set_serial_number(++serial);  // as nobody else's
    each->ticket = ticket();
    EXPECT_EQ(post("/gp/seram/handshake" + session(each->ticket), SeramDevice::handshake()).status, 200);
  }
  const auto calls = [](const std::unique_ptr<Device>& each) { return !each->report.empty(); };
  for (int n = 0; std::any_of(devices.begin(), devices.end(), calls) && n < 100; ++n) {
    for (const std::unique_ptr<Device>& each : devices) {
      if (!calls(each)) continue;
      const net::HttpResponse told = manage(each->ticket, each->report);
      ASSERT_EQ(told.status, 200) << told.body;
      const json answer = json::parse(told.body);
      if (answer.contains("chosenSecureElement")) {
        EXPECT_EQ(answer["chosenSecureElement"]["seId"], "8900") << "as its handshake said";
      }
      each->report = each->device.carry_out(answer.dump());
    }
    EXPECT_LE(counters_.seram.sessions, 6u);
  }
  EXPECT_GT(counters_.runs_taken_up, 40u);
  for (const store::RunRow& row : store_->runs().list({})) {
    EXPECT_EQ(row.state, store::RunState::done);
    EXPECT_EQ(row.attempts, 1);
  }
  for (const std::unique_ptr<Device>& each : devices) {
    EXPECT_EQ(each->device.apdus, untroubled.apdus);
    each->card->set_serial_number(1);
    EXPECT_EQ(memory(*each->card), memory(*whole));
  }
}

TEST_F(Seram, a_run_that_is_dropped_knows_a_report_of_what_it_did_not_order) {
  auto card = std::make_shared<se::Card>(se::flavor("generic"));
  SeramDevice device(card);
  const std::string text = ticket();
  std::string report = SeramDevice::polling();
  std::string before;
  for (int n = 0; n < 5; ++n) {
    before = report;
    report = device.carry_out(manage(text, report).body);
  }
  stop();
  start();
  const std::string order = manage(text, before).body;
  EXPECT_FALSE(json::parse(order).value("ramCommands", json::array()).empty())
      << "the report before is no report of what is out, which goes out again";
  EXPECT_EQ(run().attempts, 1);
  const std::string more =
      R"({"localAgentStatus":{"localAgentStatusEnum":"PROCESSED","executedSeRamCommands":9},"ramResponses":[]})";
  EXPECT_EQ(manage(text, more).status, 200);
  EXPECT_EQ(counters_.seram.untaken[static_cast<size_t>(service::Untaken::foreign)], 1u);
  while (!report.empty()) report = device.carry_out(manage(text, report).body);
  EXPECT_EQ(run().state, store::RunState::done);
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
  EXPECT_EQ(counters_.seram.waits, 1u) << "the device was told to say it again";
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

TEST_F(Seram, a_run_that_a_quota_has_no_room_for_begins_when_there_is) {
  const auto bundle = BundleInUse(store_).now();
  const auto policy = engine::Policy::parse(
      "one.lua", "return { name = 'one', api = 1, limits = { quotas = { { flows = { '*' }, per_hour = 1 } } } }",
      *bundle);
  put_policy(*store_, *policy, "ada@desk");
  store_->policies().use(policy->hash(), "ada@desk", "");
  SeramDevice first(std::make_shared<se::Card>(se::flavor("generic")));
  serve(first, ticket("demo/inventory"));
  const std::string text = ticket("demo/inventory");
  for (int n = 0; n < 3; ++n) {
    const net::HttpResponse answer = manage(text, SeramDevice::polling());
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_GT(json::parse(answer.body).at("delay"), 10) << "it is to ask again, and not soon";
  }
  size_t refused = 0;
  for (const store::AuditRecord& record : store_->audit().list(1, 0)) refused += record.entry.action == "refused";
  EXPECT_EQ(refused, 1U) << "however often it asks";
  store_->database().run({"UPDATE runs SET created = created - 3600000", {}});
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  SeramDevice second(std::make_shared<se::Card>(se::flavor("generic")));
  serve(second, text);
  EXPECT_EQ(run().state, store::RunState::done);
  EXPECT_EQ(store_->runs().list({}).size(), 2U);
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
