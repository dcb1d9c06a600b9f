// An issuer's own commands on their way through a run: an SEI-TSM that holds the keys of the ISD opens its channel in
// batches of APDUs, and the run carries them, judges their headers and counts their handshakes.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "engine/scheduler.h"
#include "factory_keys.h"
#include "far_device.h"
#include "gp/channel.h"
#include "gp/commands.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

using nlohmann::json;

constexpr const char* kUrl = "https://sei.example/sei/v1/";
constexpr const char* kSsd = "F063617264770001";

/// The issuer: creates one domain in two batches.
class Issuer {
 public:
  explicit Issuer(std::string keys) : keys_(crypto::FileKeyStore::parse(Secret::copy(view(keys)), "issuer")) {}

  host::HttpReply answer(const host::HttpCall& call) {
    asked.push_back({call.url, json::parse(call.body)});
    const json& request = asked.back().second;
    json out = {{"resultCode", "0000"}, {"taskId", "T1"}, {"apduList", json::array()}};
    if (call.url.ends_with("/ssd")) {
      challenge_ = from_hex("0011223344556677");
      out["apduList"] = {hex(gp::select({})), hex(gp::initialize_update(0x30, 0, challenge_))};
    } else if (request["respList"].size() < 2) {
      out = {{"resultCode", "9999"}, {"resultMessage", "too few answers"}, {"taskId", "T1"}};
    } else if (!channel_) {
      const Bytes update = from_hex(request["respList"][1].get<std::string>());
      const auto parsed = gp::InitializeUpdateAnswer::parse(ByteView(update).first(update.size() - 2), 8);
      if (blind) {  // it does not look at the card's cryptogram
        out["apduList"] = {"8482030010" + std::string(32, '0')};
        return reply(out);
      }
      channel_ = gp::Channel::open(keys_.find("isd"), challenge_, parsed, 0x03);
      gp::InstallParameters wanted;
      wanted.load_file_aid = from_hex("A0000001515350");
      wanted.module_aid = from_hex("A000000151535041");
      wanted.application_aid = from_hex(kSsd);
      wanted.privileges = from_hex("800000");
      wanted.parameters = from_hex("C90481020370");
      const card::Apdu authenticate = channel_->external_authenticate();
      const card::Apdu install = channel_->wrap(gp::install_for_install_and_make_selectable(wanted));
      out["apduList"] = {hex(authenticate), hex(install)};
    }
    return reply(out);
  }

  std::vector<std::pair<std::string, json>> asked;
  bool blind = false;

 private:
  static std::string hex(const card::Apdu& apdu) { return to_hex(apdu.encode()); }
  static host::HttpReply reply(const json& out) { return {200, {}, out.dump()}; }

  crypto::FileKeyStore keys_;
  Bytes challenge_{};
  std::unique_ptr<gp::Channel> channel_{};
};

class Relayed : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-relay-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string allow(const std::string& opaque) {
    return "allow = { backends = { ['https://sei.example/'] = { opaque = { " + opaque + " } } } }";
  }

  /// A flow of ours has no keys at all.
  RunSetup setup(const std::string& body, const std::string& policy, const std::string& keys = "") {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file)
        << "local sei, hex, http, apdu = require 'cw.sei', require 'hex', require 'http', require 'apdu'\n"
           "return { name = 'relay', summary = 'A test', args = { pin = { type = 'secret', optional = true } }, needs "
           "= { keys = { "
        << keys << " }, backends = { '" << kUrl << "' } }, run = function(run)\n"
        << body << "\nend }";
    RunSetup out;
    out.bundle = bundle->with_file(file);
    out.flow_name = file.generic_string();
    out.policy =
        Policy::parse("p.lua", "local p = require 'cw.policy' return { name = 'p', api = 1, " + policy + " }", *bundle);
    out.keys = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view("")), "none"));
    out.http = [this](const host::HttpCall& call) { return issuer_.answer(call); };
    return out;
  }
  RunResult run(const std::string& body, const std::string& policy) {
    RunSetup given = setup(body, policy);
    given.reader = &reader_;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(given)));
    scheduler.run_all();
    return scheduler.at(0).result();
  }

  std::filesystem::path folder_;
  std::shared_ptr<se::Card> card_ = std::make_shared<se::Card>(se::flavor("generic"));
  se::SimReader reader_{card_};
  Issuer issuer_{kFactoryKeys};
};

const std::string kCreate = "local issuer = sei.issuer { url = '" + std::string(kUrl) + "', tenant = 'us' }\n" +
                            "local done = issuer:create(run.card, { aid = hex'" + kSsd +
                            "', privileges = '800000', scp = '0370' })\n";

std::string message(const RunResult& result) { return result.error ? result.error->message() : "no error"; }

TEST_F(Relayed, an_issuer_creates_our_domain_in_two_batches_and_we_hold_none_of_its_keys) {
  const RunResult result =
      run(kCreate + "assert(done.rounds == 2) run.card:select(hex'" + kSsd + "')", allow("'INSTALL'"));
  EXPECT_FALSE(result.error) << message(result);

  ASSERT_EQ(issuer_.asked.size(), 3u);
  const json& first = issuer_.asked[0].second;
  EXPECT_EQ(first["optType"], "CREATE_SSD");
  EXPECT_EQ(first["tenantId"], "us");
  EXPECT_EQ(first["sdAid"], kSsd);
  EXPECT_EQ(first["expPrivilege"], "800000");
  EXPECT_EQ(first["scpConfig"], "0370");
  EXPECT_EQ(first["seId"].get<std::string>().size(), 84u) << "CPLC, without its tag";
  EXPECT_EQ(issuer_.asked[2].second["taskId"], "T1");
  EXPECT_EQ(issuer_.asked[2].second["respList"].size(), 2u);
}

TEST_F(Relayed, what_was_wrapped_goes_out_only_where_the_policy_names_backend_and_instruction) {
  const std::pair<std::string, std::string> cases[] = {
      {allow(""), "names no instruction in opaque"},  // the backend may be called, and no more
      {allow("'PUT KEY'"), "INSTALL"},                // its handshake, and not this
      {allow("'INSTALL'") + ", rules = { require('cw.policy').deny { on = 'INSTALL', when = "
                            "require('cw.policy').aid.is('isd'), because = 'the ISD stays' } }",
       "the ISD stays"},  // a rule that asks what nobody can see refuses
  };
  for (const auto& [policy, told] : cases) {
    SCOPED_TRACE(policy);
    card_ = std::make_shared<se::Card>(se::flavor("generic"));
    issuer_ = Issuer(kFactoryKeys);
    se::SimReader reader(card_);
    RunSetup given = setup(kCreate, policy);
    given.reader = &reader;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(given)));
    scheduler.run_all();
    const RunResult& result = scheduler.at(0).result();
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind(), ErrorKind::policy);
    EXPECT_NE(message(result).find(told), std::string::npos) << message(result);
  }
}

TEST_F(Relayed, a_script_cannot_pass_commands_of_its_own_off_as_a_backends) {
  const std::string call = "http.request { method = 'POST', url = '" + std::string(kUrl) + "ssd', body = '{}' }\n";
  const std::string relay = "run.card:relay('" + std::string(kUrl) + "', { ";
  const std::pair<std::string, std::string> cases[] = {
      {relay + "hex'00A4040000' })", "answered nothing yet"},
      {call + relay + "hex'8050300008AABBCCDDEEFF001100' })", "is not among the commands"},
      {call + relay + "hex'A4040000' })", "is not among the commands"},  // a part of one is none
      {call + "run.card:relay('https://other.example/', { hex'00A4040000' })", "did not declare the backend"},
      {call + "run.card:relay('https://sei.example/', { hex'00A4040000' })", "did not declare the backend"},
      {call + "run.card:send(hex'8050300008001122334455667700')", "open channels with Card:open_channel"},
      {"run.card:send(hex'8482030010000102030405060708090A0B0C0D0E0F')", "authentication"},
      {"run.card:send(hex'84E60C0001AA')", "goes by Card:relay alone"},
  };
  for (const auto& [body, told] : cases) {
    SCOPED_TRACE(body);
    const RunResult result = run(body, allow("'INSTALL'"));
    ASSERT_TRUE(result.error);
    EXPECT_NE(message(result).find(told), std::string::npos) << message(result);
  }
}

TEST_F(Relayed, an_issuer_that_authenticates_wrongly_is_counted_and_not_let_try_again) {
  issuer_.blind = true;
  const std::string twice =
      "local ok, failure = pcall(function() " + kCreate + " end)\nassert(not ok)\nrun:print('%s', failure.message)\n" +
      "local again, refused = pcall(function() " + kCreate + " end)\nassert(not again) error(refused, 0)";
  const RunResult result = run(twice, allow("'INSTALL'"));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::budget) << message(result);
  EXPECT_NE(message(result).find("was refused before in this run"), std::string::npos) << message(result);
}

TEST_F(Relayed, where_the_card_stops_a_batch_the_issuer_gets_what_there_is_and_both_reasons_are_told) {
  ASSERT_FALSE(run(kCreate, allow("'INSTALL'")).error);
  issuer_ = Issuer(kFactoryKeys);
  const RunResult result = run(kCreate, allow("'INSTALL'"));  // the domain is there already
  EXPECT_FALSE(result.error && result.error->kind() == ErrorKind::internal);
  EXPECT_EQ(issuer_.asked.back().second["respList"].size(), 2u);
  EXPECT_NE(issuer_.asked.back().second["respList"][1], "9000");
}

TEST_F(Relayed, a_device_far_away_is_sent_the_same_and_leaves_the_same_card) {
  for (const Relay relay : {Relay::stops, Relay::goes_on}) {
    card_ = std::make_shared<se::Card>(se::flavor("generic"));
    issuer_ = Issuer(kFactoryKeys);
    FarDevice device(card_, relay);
    RunSetup given = setup(kCreate + "run.card:select(hex'" + kSsd + "')", allow("'INSTALL'"));
    given.device = Device{"device:eSE", relay};
    engine::Run run(std::move(given));
    device.serve(run);
    EXPECT_FALSE(run.result().error) << message(run.result());
  }
}

TEST_F(Relayed, answers_that_are_none_are_told_in_a_line) {
  const std::pair<std::string, std::string> cases[] = {
      {"no json", "is no JSON object"},
      {"[]", "has no resultCode"},
      {R"({"taskId":"T","apduList":[]})", "has no resultCode"},
      {R"({"resultCode":"9999","resultMessage":"unknown seId"})", "resultCode 9999: unknown seId"},
      {R"({"resultCode":7})", "no reason given"},
      {R"({"resultCode":0,"taskId":"T","apduList":"00A4"})", "apduList is no list"},
      {R"({"resultCode":0,"taskId":"T","apduList":["00A4","XY"]})", "entry 2 of apduList"},
      {R"({"resultCode":0,"taskId":"T","apduList":["00"]})", "is no command APDU"},
      {R"({"resultCode":0,"apduList":["00A4040000"]})", "gave no taskId"},
  };
  for (const auto& [body, told] : cases) {
    SCOPED_TRACE(body);
    RunSetup given = setup(kCreate, allow("'INSTALL'"));
    given.http = [text = body](const host::HttpCall&) { return host::HttpReply{200, {}, text}; };
    given.reader = &reader_;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(given)));
    scheduler.run_all();
    ASSERT_TRUE(scheduler.at(0).result().error);
    EXPECT_NE(message(scheduler.at(0).result()).find(told), std::string::npos) << message(scheduler.at(0).result());
  }
}

TEST_F(Relayed, an_issuer_that_never_ends_is_left_after_a_number_of_batches) {
  RunSetup given = setup(kCreate, allow("'INSTALL'"));
  given.http = [](const host::HttpCall&) {
    return host::HttpReply{200, {}, R"({"resultCode":0,"taskId":"T","apduList":["00A4040000"]})"};
  };
  given.reader = &reader_;
  Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(std::move(given)));
  scheduler.run_all();
  EXPECT_NE(message(scheduler.at(0).result()).find("more than 16 batches"), std::string::npos)
      << message(scheduler.at(0).result());
}

/// Counts what a card was asked to check, and found wrong.
class CountingReader : public card::Reader {
 public:
  explicit CountingReader(card::Reader& inner) : inner_(inner) {}
  std::string name() const override { return inner_.name(); }
  Bytes reset() override { return inner_.reset(); }
  Bytes transmit(ByteView command) override {
    Bytes answer = inner_.transmit(command);
    const bool authenticates = command.size() > 1 && command[1] == 0x82 && (command[0] & 0x10) == 0;
    if (authenticates && answer.back() == 0x00 && answer[answer.size() - 2] == 0x63) ++refused;
    return answer;
  }
  int refused = 0;

 private:
  card::Reader& inner_;
};

constexpr const char* kUpdate = "8050300008001122334455667700";
constexpr const char* kUpdateOnOne = "8150300008001122334455667700";
const std::string kWrong = "8482030010" + std::string(32, '0');

/// A backend that answers with the same commands, whatever it is asked.
host::HttpReply listed(const std::vector<std::string>& commands) {
  return {200, {}, json({{"resultCode", 0}, {"taskId", "T"}, {"apduList", commands}}).dump()};
}

/// Relays each of `plans`, hex digits with commas, after a call of the backend.
std::string relaying(const std::vector<std::string>& plans) {
  std::string out;
  for (const std::string& plan : plans) {
    out += "http.request { method = 'POST', url = '" + std::string(kUrl) +
           "ssd', body = '{}' }\npcall(function() run.card:relay('" + kUrl + "', { " + plan + " }) end)\n";
  }
  return out;
}

TEST_F(Relayed, no_way_of_handshakes_costs_a_card_more_attempts_than_the_budget_has) {
  const std::string update = "hex'" + std::string(kUpdate) + "'", wrong = "hex'" + kWrong + "'";
  const std::string piece = "8482030010";  // a first piece of it: 94 82, whose answer is 9000
  const std::string chained = "9482030008" + std::string(16, '0');
  const std::pair<const char*, std::vector<std::string>> ways[] = {
      {"one after the other", {"hex'00A4040000', " + update, wrong}},
      {"in pieces", {"hex'00A4040000', " + update, "hex'" + chained + "'", wrong}},
      {"twice for one handshake", {"hex'00A4040000', " + update, wrong, wrong}},
      {"with a SELECT between", {update, "hex'00A4040000'", wrong}},
      {"on two logical channels", {"hex'0070000001'", "hex'" + std::string(kUpdateOnOne) + "'", update, wrong}},
      {"without one", {wrong}},
  };
  for (const auto& [way, plans] : ways) {
    SCOPED_TRACE(way);
    auto card = std::make_shared<se::Card>(se::flavor("generic"));
    se::SimReader sim(card);
    CountingReader reader(sim);
    std::string body = "for _ = 1, 8 do\n" + relaying(plans) + "end";
    RunSetup given = setup(body, allow("'INSTALL'") + ", limits = { auth_attempts = 2 }");
    given.http = [&](const host::HttpCall&) {
      return listed({"00A4040000", kUpdate, kUpdateOnOne, kWrong, chained, piece, "0070000001"});
    };
    given.reader = &reader;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(given)));
    scheduler.run_all();
    EXPECT_LE(reader.refused, 1) << message(scheduler.at(0).result());
  }
}

TEST_F(Relayed, what_a_script_wrote_into_its_request_is_not_the_backends_when_it_comes_back) {
  RunSetup given = setup("http.request { method = 'POST', url = '" + std::string(kUrl) + "echo', body = '" +
                             std::string(kUpdate) + "' }\nrun.card:relay('" + kUrl + "', { hex'" + kUpdate + "' })",
                         allow("'INSTALL'"));
  given.http = [](const host::HttpCall& call) { return host::HttpReply{200, {}, "you said " + call.body}; };
  given.reader = &reader_;
  Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(std::move(given)));
  scheduler.run_all();
  EXPECT_NE(message(scheduler.at(0).result()).find("is not among the commands"), std::string::npos)
      << message(scheduler.at(0).result());
}

TEST_F(Relayed, far_away_a_handshake_of_a_backend_is_not_given_back_by_what_comes_between) {
  const std::string update = relaying({"hex'00A4040000', hex'" + std::string(kUpdate) + "'"});
  const std::string wrong = relaying({"hex'" + kWrong + "'"});
  const std::pair<const char*, std::string> ways[] = {
      {"an order that cannot be made",
       update + "pcall(function() run.card:send(apdu.command { ins = 0xDA, data = run.args.pin }) end)\n" + wrong},
      {"a channel of ours that was not used",
       "pcall(function() run.card:select('') run.card:open_channel { keys = 'isd' } end)\n" + wrong},
  };
  for (const auto& [way, body] : ways) {
    for (const Relay relay : {Relay::stops, Relay::goes_on}) {
      SCOPED_TRACE(way);
      auto card = std::make_shared<se::Card>(se::flavor("generic"));
      FarDevice device(card, relay);
      int refused = 0;
      device.look = [&](const Order& order, Report& report) {
        for (size_t i = 0; i < report.answers.size(); ++i) {
          if (order.items[i].pieces[0].ins == 0x82 && report.answers[i].sw == 0x6300) ++refused;
        }
      };
      RunSetup given =
          setup("for _ = 1, 6 do\n" + body + "end", allow("'INSTALL'") + ", limits = { auth_attempts = 2 }", "'isd'");
      given.keys = std::make_shared<crypto::FileKeyStore>(
          crypto::FileKeyStore::parse(Secret::copy(view(std::string(kFactoryKeys))), "keys"));
      given.arguments.secrets.emplace("pin", Secret::copy(view(std::string("1234"))));
      given.http = [&](const host::HttpCall&) { return listed({"00A4040000", kUpdate, kWrong}); };
      given.device = Device{"device:eSE", relay};
      engine::Run run(std::move(given));
      device.serve(run);
      EXPECT_LE(refused, 1) << message(run.result());
    }
  }
}

}  // namespace
}  // namespace cw::engine
