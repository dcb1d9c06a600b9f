// Keys that a backend sends under a KEK: custody unwraps them, in the process or in a token, and a run opens the card
// with them. What wraps here are RFC 3394's own example and pycryptodome.
#include <fstream>

#include <gtest/gtest.h>

#include "../crypto/soft_token.h"
#include "base/error.h"
#include "base/hex.h"
#include "crypto/vault.h"
#include "engine/custody.h"
#include "engine/recording_text.h"
#include "engine/scheduler.h"
#include "factory_keys.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

constexpr const char* kKek = "000102030405060708090A0B0C0D0E0F";
constexpr const char* kExample = "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5";  // RFC 3394 4.1
constexpr const char* kExampleKcv = "3544E0";
// The keys of a new simulated card, under that KEK, under another, and under that KEK in CBC.
constexpr const char* kFactory = "2AC40133BA646360D073E62FCDDCD2687E5979266BA7EC1D";
constexpr const char* kFactoryOther = "5505B1D0CDDD2FA77BAD336355084F0074D473A2E7A4D72E";
constexpr const char* kFactoryCbc = "D533E59B45A153ED7E5E9C5DFCFD4AAA";
constexpr const char* kFactoryKcv = "504A77";
constexpr const char* kUrl = "https://keys.example/keyserver/";

std::string kek_section(const std::string& name, const std::string& key) {
  return "[" + name + "]\ntype = aes\nkey = " + key + "\n";
}

host::WrappedKeys wrapped(const std::string& key, const std::string& kcv, const std::string& form = "aes-key-wrap") {
  const Bytes bytes = from_hex(key), check = from_hex(kcv);
  return {"run:card", "ks.kek", form, "aes", 0x30, kUrl, {bytes, bytes, bytes}, {check, check, check}};
}

/// Whatever store the KEK is in.
void unwraps_and_refuses(const crypto::KeyStore& store) {
  const std::map<std::string, Secret> secrets{};
  Custody custody(store, secrets);
  const auto refusal = [&](const host::WrappedKeys& keys) {
    try {
      custody.unwrap(keys);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << error.message();
      EXPECT_THROW(custody.key_set("run:card", {}), Error) << "something was kept";
      return error.message();
    }
    return std::string("unwrapped");
  };
  EXPECT_THROW(custody.key_set("run:card", {}), Error);

  const host::KeyInfo info = custody.unwrap(wrapped(kExample, kExampleKcv));
  EXPECT_EQ(info.type, "aes");
  EXPECT_EQ(info.size, 16u);
  EXPECT_EQ(info.version, 0x30);
  EXPECT_EQ(info.kcvs, std::vector<Bytes>(3, from_hex(kExampleKcv)));
  EXPECT_EQ(custody.info("run:card").kcvs, info.kcvs);
  const crypto::KeySet set = custody.key_set("run:card", from_hex("00010203040506070809"));
  EXPECT_EQ(set.mac->kcv(), from_hex(kExampleKcv)) << "a card's own keys are not diversified again";
  EXPECT_EQ(custody.info("ks.kek").kcvs.size(), 1u) << "a KEK can be asked about, as needs.keys does";

  EXPECT_EQ(custody.unwrap(wrapped(kFactoryCbc, kFactoryKcv, "aes-cbc")).kcvs[0], from_hex(kFactoryKcv));

  host::WrappedKeys odd = wrapped(kExample, kExampleKcv);
  odd.kcvs[2] = from_hex("3544E1");
  EXPECT_NE(refusal(odd).find("DEK: unwrapping a key: its check value is another one"), std::string::npos);
  EXPECT_NE(refusal(wrapped(kFactoryOther, kFactoryKcv)).find("integrity check"), std::string::npos);
  EXPECT_NE(refusal(wrapped(std::string(kFactory) + "00", kFactoryKcv)).find("25 bytes"), std::string::npos);
  EXPECT_NE(refusal(wrapped(std::string(kFactory).substr(0, 32), kFactoryKcv)).find("16 bytes"), std::string::npos);
  host::WrappedKeys unknown = wrapped(kExample, kExampleKcv);
  unknown.under = "ks.kok";
  EXPECT_NE(refusal(unknown).find("ks.kek"), std::string::npos) << "names what is near";

  custody.unwrap(wrapped(kExample, kExampleKcv));
  custody.forget_unwrapped();
  EXPECT_THROW(custody.key_set("run:card", {}), Error);
}

TEST(Unwrap, under_a_kek_of_the_text_file) {
  unwraps_and_refuses(crypto::FileKeyStore::parse(Secret::copy(view(kek_section("ks.kek", kKek))), "keys"));
}

TEST(Unwrap, under_a_kek_of_the_sealed_file_and_under_no_key_that_is_for_something_else) {
  std::string name = std::filesystem::temp_directory_path() / "cw-unwrap.XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name.data());
  const Secret passphrase = Secret::copy(view(std::string(64, '7')));
  crypto::Vault::make(folder / "keys", passphrase);
  const auto vault = crypto::Vault::open(folder / "keys", passphrase);
  const auto put = [&](const std::string& title, crypto::KeyPurpose purpose) {
    crypto::NewKey key;
    key.record.name = title;
    key.record.purpose = purpose;
    if (purpose == crypto::KeyPurpose::master) key.record.diversification = "kdf3";
    key.keys = {crypto::make_key(crypto::KeyType::aes, Secret::copy(from_hex(kKek)))};
    vault->put(std::move(key));
  };
  put("ks.kek", crypto::KeyPurpose::kek);
  put("ks.master", crypto::KeyPurpose::master);
  unwraps_and_refuses(*vault);

  const std::map<std::string, Secret> secrets{};
  Custody custody(*vault, secrets);
  host::WrappedKeys other = wrapped(kExample, kExampleKcv);
  other.under = "ks.master";
  EXPECT_THROW(custody.unwrap(other), Error);
  vault->revoke("ks.kek");
  EXPECT_THROW(custody.unwrap(wrapped(kExample, kExampleKcv)), Error);
  std::filesystem::remove_all(folder);
}

class UnwrapInToken : public crypto::SoftToken {};

TEST_F(UnwrapInToken, stays_inside_and_opens_a_card) {
  const auto token = crypto::Pkcs11KeyStore::open(uri());
  token->put({{.name = "ks.kek", .purpose = crypto::KeyPurpose::kek},
              {crypto::make_key(crypto::KeyType::aes, Secret::copy(from_hex(kKek)))},
              {}});
  unwraps_and_refuses(*token);

  const std::map<std::string, Secret> secrets{};
  Custody custody(*token, secrets);
  custody.unwrap(wrapped(kFactory, kFactoryKcv));
  const std::vector<std::string> before = token->names();
  const crypto::KeySet set = custody.key_set("run:card", {});
  EXPECT_THROW(set.enc->derive_scp03_key(4, Bytes(16), 128), Error) << "the token would have to give it away";

  auto card = std::make_shared<se::Card>(se::flavor("generic"));
  se::SimReader reader(card);
  reader.reset();
  const card::Apdu update = gp::initialize_update(0x30, 0, from_hex("0001020304050607"));
  const Bytes answer = reader.transmit(update.encode());
  const auto parsed = gp::InitializeUpdateAnswer::parse(ByteView(answer).first(answer.size() - 2), 8);
  const auto channel = gp::Channel::open(set, from_hex("0001020304050607"), parsed, 0x03);
  EXPECT_EQ(to_hex(reader.transmit(channel->external_authenticate().encode())), "9000");
  EXPECT_EQ(token->names(), before) << "no object of the token is left";
}

/// A run whose backend gives the keys of the card.
class UnwrappingRun : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-unwrap-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunResult run(const std::string& body, const std::string& allow = "keks = { 'ks.kek' }") {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file)
        << "local gp, hex, http, keys, apdu = require 'cw.gp', require 'hex', require 'http', require "
           "'keys', require 'apdu'\n"
           "return { name = 'take', summary = 'A test',\nargs = { servers = { type = 'string', default "
           "= 'https://elsewhere.example/ "
        << kUrl
        << "' } },\nneeds = { keys = { 'ks.kek', 'isd' }, backends = { '$servers' } },\n"
           "run = function(run)\nlocal function ask() return http.request { url = '"
        << kUrl
        << "v1/keys' }.body end\nlocal function take(more)\n  local k = hex.decode((more and more.key or "
           "ask()):match '^%x+')\n  local c = more and more.kcv or hex'504A77'\n"
           "  return keys.unwrap { under = 'ks.kek', version = 0x30, from = more and more.from or '"
        << kUrl << "', keys = { k, k, k }, kcvs = { c, c, c } }\nend\n"
        << body << "\nend }";
    RunSetup setup;
    setup.bundle = bundle->with_file(file);
    setup.flow_name = file.generic_string();
    setup.policy = Policy::parse(
        "p.lua",
        "return { name = 'p', api = 1, allow = { backends = { ['https://keys.example/'] = { " + allow + " } } } }",
        *bundle);
    const std::string text = kFactoryKeys + kek_section("ks.kek", kKek) + kek_section("other.kek", kKek);
    setup.keys = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "keys"));
    setup.http = [this](const host::HttpCall&) { return host::HttpReply{status, {}, answer}; };
    setup.arguments = Arguments::check(check_flow(*setup.bundle, setup.flow_name), {});
    setup.reader = &reader_;
    std::ostringstream text_of_recording;
    Recorder recorder(text_of_recording, {all_answers});
    setup.recorder = &recorder;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
    scheduler.run_all();
    recording = text_of_recording.str();
    return scheduler.at(0).result();
  }
  std::string refusal(const std::string& body, ErrorKind kind, const std::string& allow = "keks = { 'ks.kek' }") {
    const RunResult result = run(body, allow);
    if (!result.error) return "no error";
    EXPECT_EQ(result.error->kind(), kind) << result.error->message();
    return result.error->message();
  }

  std::filesystem::path folder_;
  std::shared_ptr<se::Card> card_ = std::make_shared<se::Card>(se::flavor("generic"));
  se::SimReader reader_{card_};
  int status = 200;
  std::string answer = std::string(kFactory) + " " + kFactoryKcv;
  bool all_answers = false;
  std::string recording{};
};

TEST_F(UnwrappingRun, opens_the_card_with_what_the_backend_sent) {
  const RunResult result =
      run("local set = take() assert(set.name == 'run:card' and set.size == 16 and set.kcvs[3] == hex'504A77')\n"
          "assert(next(gp.open(run.card, { keys = set.name, flavor = run.flavor }):registry()))");
  EXPECT_FALSE(result.error) << result.error->message();
  EXPECT_NE(
      recording.find("unwrap \"run:card\" under \"ks.kek\" aes-key-wrap aes version=30 from \"" + std::string(kUrl) +
                     "\" keys=<24 bytes>,<24 bytes>,<24 bytes> kcvs=504A77,504A77,504A77 => "
                     "aes size=16 version=30 kcvs=504A77,504A77,504A77\n"),
      std::string::npos)
      << recording;
  EXPECT_EQ(recording.find(kFactory), std::string::npos) << "a recording may be shared, and a KEK may become known";
  EXPECT_EQ(Recording::parse(recording, "r").runs.at(0).lines.at(3).kind, RecordedLine::Kind::unwrap);
}

TEST_F(UnwrappingRun, is_replayed_without_the_kek_where_all_answers_were_kept) {
  all_answers = true;
  const std::string body = "gp.open(run.card, { keys = take().name, flavor = run.flavor }):registry()";
  ASSERT_FALSE(run(body).error);
  EXPECT_NE(recording.find("keys=" + std::string(kFactory) + "," + kFactory), std::string::npos);
  RunSetup again;
  static const auto bundle = Bundle::load(CW_SOURCE_DIR);
  again.bundle = bundle->with_file(folder_ / "flow.lua");
  again.flow_name = (folder_ / "flow.lua").generic_string();
  again.policy = Policy::parse(
      "p.lua",
      "return { name = 'p', api = 1, allow = { backends = { ['https://keys.example/'] = { keks = { 'ks.kek' } } } } }",
      *bundle);
  again.arguments = Arguments::check(check_flow(*again.bundle, again.flow_name), {});
  again.replay = std::make_shared<Replay>(std::make_shared<const Recording>(Recording::parse(recording, "r")));
  Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(std::move(again)));
  scheduler.run_all();
  EXPECT_FALSE(scheduler.at(0).result().error) << scheduler.at(0).result().error->message();
}

TEST_F(UnwrappingRun, takes_what_a_backend_sent_and_the_policy_lets_it_send) {
  const std::string factory = "key = '" + std::string(kFactory) + "'";
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"take()", "", "does not name this KEK"},
      {"take()", "keks = { 'other.kek' }", "does not name this KEK"},
      {"take()", "opaque = { 'INSTALL' }", "does not name this KEK"},
      {"take { " + factory + " }", "keks = { 'ks.kek' }", "not in the last answer"},
      {"ask() take { key = '" + std::string(kFactoryOther) + "' }", "keks = { 'ks.kek' }", "not in the last answer"},
      {"http.request { url = '" + std::string(kUrl) + "?" + kFactory + "' } take { " + factory + " }",
       "keks = { 'ks.kek' }", "not in the last answer"},  // it may have come back
      {"ask() take { " + factory + ", from = 'https://keys.example/' }", "keks = { 'ks.kek' }", "did not declare"},
      {"ask() local k = hex.decode('" + std::string(kFactory) +
           "') local c = hex'504A77' keys.unwrap { under = "
           "'other.kek', version = 0x30, from = '" +
           kUrl + "', keys = { k, k, k }, kcvs = { c, c, c } }",
       "keks = { 'other.kek' }", "did not declare the key set 'other.kek'"},
      {"take() gp.open(run.card, { keys = 'isd', flavor = run.flavor }):put_key('run:card', 0x31)",
       "keks = { 'ks.kek' }", "put onto no card"},
  };
  for (const auto& [body, allow, told] : cases) {
    SCOPED_TRACE(body);
    const std::string why = refusal(body, ErrorKind::policy, allow);
    EXPECT_NE(why.find(told), std::string::npos) << why;
  }
}

// A script that could have bytes of its own unwrapped would learn from what comes out what the KEK makes of them.
TEST_F(UnwrappingRun, takes_nothing_that_a_script_could_have_put_into_the_answer) {
  const std::string factory = "key = '" + std::string(kFactory) + "'";
  const auto why = [&](const std::string& body) { return refusal(body, ErrorKind::policy); };
  const std::string own = std::string(kFactoryOther);
  // A fault repeats what was asked.
  status = 404;
  EXPECT_NE(why("take()").find("not in the last answer"), std::string::npos);
  status = 200;
  // Words that stand beside each other are not one.
  answer = own.substr(0, 16) + " " + own.substr(16) + " 504A77";
  EXPECT_NE(why("ask() take { key = '" + own + "' }").find("not in the last answer"), std::string::npos);
  // As JSON writes it, and as it is.
  answer = own + " 504A77";
  EXPECT_NE(why("http.request { method = 'POST', url = '" + std::string(kUrl) + "', body = '\\\\u003" +
                own.substr(0, 1) + own.substr(1) + "' } take { key = '" + own + "' }")
                .find("not in the last answer"),
            std::string::npos);
  // The check value is the backend's, too: a script could try one after the other.
  EXPECT_NE(why("take { key = ask(), kcv = hex'504A78' }").find("check values are not in the last answer"),
            std::string::npos);
}

TEST_F(UnwrappingRun, has_keys_unwrapped_so_often_and_no_more) {
  const std::string many =
      "for i = 1, 32 do take() end\nlocal ok, why = pcall(take) assert(not ok and why.kind == 'budget', why.message)\n"
      "take()";
  EXPECT_NE(refusal(many, ErrorKind::budget).find("unwrapped 32 times"), std::string::npos);
}

TEST_F(UnwrappingRun, says_what_is_wrong_with_what_came_and_keeps_nothing) {
  const std::string open = "gp.open(run.card, { keys = 'run:card', version = 0x30, flavor = run.flavor }):registry()";
  EXPECT_NE(refusal(open, ErrorKind::usage).find("no keys were unwrapped as 'run:card'"), std::string::npos);
  answer = std::string(kFactory) + " 000000";
  EXPECT_NE(refusal("take { key = ask(), kcv = hex'000000' }", ErrorKind::usage).find("check value is another"),
            std::string::npos);
  EXPECT_NE(
      refusal("local ok = pcall(take, { key = ask(), kcv = hex'000000' }) assert(not ok) " + open, ErrorKind::usage)
          .find("no keys were unwrapped"),
      std::string::npos);
  answer = std::string(kFactoryOther) + " 504A77";
  EXPECT_NE(refusal("take()", ErrorKind::usage).find("integrity check"), std::string::npos);
}

TEST_F(UnwrappingRun, keys_that_the_card_does_not_have_are_tried_once) {
  answer = std::string(kExample) + " " + kExampleKcv;
  const std::string both =
      "local function open() gp.open(run.card, { keys = take{ key = ask(), kcv = hex'3544E0' }.name, flavor = "
      "run.flavor }):registry() end\nlocal ok, why = pcall(open) assert(not ok and why.kind == 'channel', why.message) "
      "open()";
  EXPECT_NE(refusal(both, ErrorKind::budget).find("'run:card' was refused before in this run"), std::string::npos);
}

}  // namespace
}  // namespace cw::engine
