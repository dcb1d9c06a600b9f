// A card whose keys come from the key server that it names, and are replaced by ours: on a card here and on one far
// away, torn at each command, and with a key server that knows only some of what the card shows.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "engine/scheduler.h"
#include "factory_keys.h"
#include "far_device.h"
#include "gp/channel.h"
#include "gp/commands.h"
#include "host_side.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

using nlohmann::json;

constexpr const char* kUrl = "https://keys.example/keyserver";
constexpr const char* kOurs =
    "[isd]\ntype = aes\nversion = 32\nenc = E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF\nmac = "
    "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF\ndek = 000102030405060708090A0B0C0D0E0F\n"
    "[ks.kek]\ntype = aes\nkey = 000102030405060708090A0B0C0D0E0F\n";
// The keys of a new simulated card under that KEK (pycryptodome).
constexpr const char* kFactory = "2AC40133BA646360D073E62FCDDCD2687E5979266BA7EC1D";

class OnDemand : public testing::Test {
 protected:
  OnDemand() {
    const auto keys = crypto::FileKeyStore::parse(Secret::copy(view(kFactoryKeys)), "factory");
    se::SimReader reader(card);
    reader.reset();
    const Bytes challenge = from_hex("0001020304050607");
    const Bytes answer = reader.transmit(gp::initialize_update(0x30, 0, challenge).encode());
    const auto parsed = gp::InitializeUpdateAnswer::parse(ByteView(answer).first(answer.size() - 2), 8);
    const auto channel = gp::Channel::open(keys.find("isd"), challenge, parsed, 0x03);
    EXPECT_EQ(to_hex(reader.transmit(channel->external_authenticate().encode())), "9000");
    card::Apdu store{0x80, 0xE2, 0x90, 0x00, concat({from_hex("5F501E"), view(std::string_view(kUrl))}), {}};
    EXPECT_EQ(to_hex(reader.transmit(channel->wrap(store).encode())), "9000");
  }

  /// As the key server does: the first key version of the card that it has keys for.
  host::HttpReply serve(const host::HttpCall& call) {
    const json request = json::parse(call.body);
    asked.push_back(request);
    const std::string shown = request["keyInformation"];
    if (instead) return *instead;
    if (shown.find("C00401308810") == std::string::npos) {
      return {404, {}, R"({"fault":"UnknownCard","message":"no master keys for what it shows"})"};
    }
    json out = {{"keyVersion", "30"}, {"keyType", "AES"}};
    for (const char* name : {"Enc", "Mac", "Dek"}) {
      out[std::string("enc") + name] = kFactory;
      out[std::string("kcv") + name] = "504A77";
    }
    return {200, {}, out.dump()};
  }

  RunSetup setup(const std::vector<std::string>& more = {}) {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    static const auto policy = Policy::parse("p.lua",
                                             "return { name = 'p', api = 1, allow = { backends = { "
                                             "['https://keys.example/keyserver/'] = { keks = { 'ks.kek' } } } } }",
                                             *bundle);
    RunSetup out;
    out.bundle = bundle;
    out.flow_name = "ondemand/take-over";
    out.policy = policy;
    std::vector<Setting> settings;
    for (const char* text :
         {"servers=https://other.example/ https://keys.example/keyserver/", "kek=ks.kek", "keys=isd", "fleet=true"}) {
      settings.push_back(Setting::parse(text));
    }
    for (const std::string& text : more) {
      const std::string name = text.substr(0, text.find('=') + 1);
      std::erase_if(settings, [&](const Setting& one) { return one.name + "=" == name; });
      settings.push_back(Setting::parse(text));
    }
    out.arguments = Arguments::check(check_flow(*bundle, out.flow_name), std::move(settings));
    out.keys = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(kOurs)), "ours"));
    out.flavor = host_side(se::flavor("generic"));
    out.http = [this](const host::HttpCall& call) { return serve(call); };
    out.inputs = Inputs::repeatable(1);
    return out;
  }
  std::string run(const std::vector<std::string>& more = {}) {
    se::SimReader reader(card);
    RunSetup made = setup(more);
    made.reader = &reader;
    made.observer = &outputs;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(made)));
    scheduler.run_all();
    const RunResult& result = scheduler.at(0).result();
    return result.error ? std::string(name_of(result.error->kind())) + ": " + result.error->message() : "";
  }
  /// Key version numbers that the ISD shows.
  std::string versions() {
    se::SimReader reader(card);
    reader.reset();
    const Bytes answer = reader.transmit(from_hex("80CA00E000"));
    std::string out;
    for (size_t at = 2; at + 6 < answer.size(); at += 6) {
      if (answer[at + 2] == 1) out += (out.empty() ? "" : " ") + to_hex(answer[at + 3]);
    }
    return out;
  }

  std::shared_ptr<se::Card> card = std::make_shared<se::Card>(se::flavor("generic"));
  std::vector<json> asked{};
  std::optional<host::HttpReply> instead{};  // instead of what the key server would say
  struct Outputs : Observer {
    void noted(const host::Note& note) override {
      if (note.kind == host::Note::Kind::output) said += note.text;
    }
    std::string said{};
  } outputs{};
};

TEST_F(OnDemand, the_server_is_told_what_the_card_says_and_ours_take_the_place_of_its_keys) {
  ASSERT_EQ(versions(), "30 20");
  EXPECT_EQ(run(), "");
  EXPECT_EQ(versions(), "20 32");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0]["url"], kUrl);
  EXPECT_EQ(asked[0]["keyData"], "00000000000000000001");
  EXPECT_EQ(asked[0]["keyInformation"].get<std::string>().substr(0, 4), "E024");
  EXPECT_EQ(asked[0]["sequenceCounter"].get<std::string>().size(), 6u);
  EXPECT_EQ(asked[0]["kekIndex"], 1);
}

TEST_F(OnDemand, keys_beside_ours_that_the_server_does_not_know_stay) {
  ASSERT_EQ(run(), "");
  EXPECT_EQ(run(), "") << "asked which of them are the issuer's, the server says none";
  EXPECT_EQ(versions(), "20 32");
  EXPECT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1]["keyInformation"].get<std::string>().find("C0040132"), std::string::npos) << "it was told of ours";
  EXPECT_NE(outputs.said.find(R"("left":["20"])"), std::string::npos) << "and whoever ran it knows what stays";
}

TEST_F(OnDemand, nothing_is_deleted_at_the_servers_word_alone) {
  ASSERT_EQ(run(), "");
  ASSERT_EQ(versions(), "20 32");
  // It says that the keys of version 20, which are others', are the issuer's.
  json out = {{"keyVersion", "20"}, {"keyType", "DES"}};
  for (const char* name : {"Enc", "Mac", "Dek"}) {
    out[std::string("enc") + name] = "115B54246579F15B351EA1C994DB76D4CA459540D85915F1";
    out[std::string("kcv") + name] = "08D7B4";
  }
  instead = host::HttpReply{200, {}, out.dump()};
  EXPECT_NE(run(), "");
  EXPECT_EQ(versions(), "20 32");
}

TEST_F(OnDemand, ours_are_derived_for_each_card_unless_somebody_says_that_they_need_not_be) {
  const std::string why = run({"fleet=false"});
  EXPECT_NE(why.find("'isd' is the same on every card"), std::string::npos) << why;
  EXPECT_EQ(asked.size(), 0u);
  EXPECT_EQ(versions(), "30 20");
}

TEST_F(OnDemand, keys_of_another_type_under_our_version_cost_no_attempt) {
  const std::string before = card->state_digest_text();
  const std::string why = run({"version=32"});
  EXPECT_NE(why.find("version 20 that are no 'isd'"), std::string::npos) << why;
  EXPECT_NE(why.find("no attempt was spent"), std::string::npos);
  EXPECT_EQ(card->state_digest_text(), before);
}

TEST_F(OnDemand, the_issuers_keys_stay_beside_ours_where_that_is_wanted) {
  EXPECT_EQ(run({"keep=true"}), "");
  EXPECT_EQ(versions(), "30 20 32");
  EXPECT_EQ(run({"keep=true"}), "");
  EXPECT_EQ(asked.size(), 1u) << "ours work, so nobody is asked";
  EXPECT_EQ(run(), "");
  EXPECT_EQ(versions(), "20 32");
}

TEST_F(OnDemand, ours_have_a_version_of_their_own) {
  const std::string why = run({"version=48"});
  EXPECT_NE(why.find("the card shows keys of version 30, and they are not 'isd'"), std::string::npos) << why;
  EXPECT_EQ(versions(), "30 20");
}

TEST_F(OnDemand, torn_at_each_command_the_card_has_ours_in_the_end) {
  const std::string before = card->save();
  ASSERT_EQ(run(), "");
  const std::string wanted = card->state_digest_text();
  unsigned torn = 0;
  for (const se::Tear when : {se::Tear::before, se::Tear::inside, se::Tear::after}) {
    for (unsigned at = 0;; ++at) {
      card = std::make_shared<se::Card>(se::Card::load(before));
      card->tear_next(when, at);
      // The run goes on by itself with another attempt.
      ASSERT_EQ(run(), "") << "torn at " << at;
      ASSERT_EQ(card->state_digest_text(), wanted) << "torn at " << at;
      if (card->powered() && at > 45) break;
      ++torn;
    }
  }
  EXPECT_GT(torn, 60u);
}

TEST_F(OnDemand, a_card_far_away_is_taken_over_by_either_kind_of_relay) {
  const std::string before = card->save();
  for (const Relay relay : {Relay::goes_on, Relay::stops}) {
    card = std::make_shared<se::Card>(se::Card::load(before));
    FarDevice device(card, relay);
    RunSetup made = setup();
    made.device = Device{"device", relay, {}};
    engine::Run run(std::move(made));
    device.serve(run);
    EXPECT_FALSE(run.result().error) << run.result().error->message();
    EXPECT_EQ(versions(), "20 32");
    EXPECT_EQ(device.exchanges, 13u);
  }
}

}  // namespace
}  // namespace cw::engine
