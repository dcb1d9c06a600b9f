// demo/delegated on the simulated card, with token keys of each kind; recorded, and replayed without card and keys.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/replay.h"
#include "engine/scheduler.h"
#include "host_side.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

const char* const kSets = R"(
[isd]
type = aes
version = 30
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F
[demo.sd]
type = aes
version = 30
enc = 101112131415161718191A1B1C1D1E1F
mac = 202122232425262728292A2B2C2D2E2F
dek = 303132333435363738393A3B3C3D3E3F
)";

/// The value of a hex field of one published RSA key, in tests/vectors/tokens.json.
std::string published(const std::string& id, const std::string& field) {
  std::ifstream in(std::string(CW_SOURCE_DIR) + "/tests/vectors/tokens.json");
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  size_t at = all.find(field, all.find(id));
  at = all.find('"', all.find(':', at)) + 1;
  const std::string digits = all.substr(at, all.find('"', at) - at);
  return digits.size() % 2 == 0 ? digits : "0" + digits;
}

std::string rsa(const std::string& id) {
  return "type = rsa\nmodulus = " + published(id, "modulus") + "\nexponent = " + published(id, "exponent") +
         "\nprivate = " + published(id, "private_exponent") + "\n";
}

struct Keys {
  const char* name;
  std::string token;
  std::string receipt;
};

void PrintTo(const Keys& keys, std::ostream* out) { *out << keys.name; }

std::shared_ptr<const crypto::KeyStore> store(const Keys& keys) {
  const std::string text = std::string(kSets) + "[demo.token]\n" + keys.token + "[demo.receipt]\n" + keys.receipt;
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "test keys"));
}

class DelegatedRun : public testing::TestWithParam<Keys> {
 protected:
  struct Done {
    RunResult result{};
    std::string recording{};
  };

  Done run(std::shared_ptr<const crypto::KeyStore> keys, card::Reader* reader, std::shared_ptr<Replay> replay) {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    static const auto policy = Policy::load(std::string(CW_SOURCE_DIR) + "/policies/default.lua", *bundle);
    std::ostringstream out;
    Recorder recorder(out, {.all_answers = false});
    RunSetup setup;
    setup.bundle = bundle;
    setup.flow_name = "demo/delegated";
    setup.policy = policy;
    std::vector<Setting> settings;
    settings.push_back(Setting::parse(std::string("cap=") + CW_SOURCE_DIR + "/tests/caps/wallet-1.0.cap"));
    setup.arguments = Arguments::check(check_flow(*bundle, "demo/delegated"), std::move(settings));
    setup.keys = std::move(keys);
    setup.reader = reader;
    setup.replay = std::move(replay);
    setup.flavor = host_side(se::flavor("generic"));
    setup.recorder = &recorder;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
    scheduler.run_all();
    return {scheduler.at(0).result(), out.str()};
  }
};

TEST_P(DelegatedRun, is_confirmed_by_the_card_and_can_be_replayed_without_keys) {
  const auto card = std::make_shared<se::Card>(se::flavor("generic"));
  se::SimReader reader(card);
  const Done first = run(store(GetParam()), &reader, nullptr);
  ASSERT_FALSE(first.result.error) << first.result.error->message() << "\n" << card->why() << "\n" << first.recording;
  EXPECT_NE(first.recording.find(" <token demo.token> "), std::string::npos);
  EXPECT_NE(first.recording.find("verifies \"demo.receipt\" "), std::string::npos);
  const auto recording = std::make_shared<const Recording>(Recording::parse(first.recording, "x.rec"));
  const Done again = run(nullptr, nullptr, std::make_shared<Replay>(recording));
  EXPECT_FALSE(again.result.error) << again.result.error->message();
  EXPECT_EQ(again.recording, first.recording);
}

const std::string kEc =
    "type = ec\ncurve = p256\nprivate = 839DBC069F176A16CFD2E8CEEFED5CD5AFE691F141FF4A9E16BFD727F3C34B2D\n";
const std::string kAes = "type = aes\nkey = 404142434445464748494A4B4C4D4E5F\n";
const std::string kDes = "type = des\nkey = 404142434445464748494A4B4C4D4E5F\n";

INSTANTIATE_TEST_SUITE_P(Keys, DelegatedRun,
                         testing::Values(Keys{"p256", kEc, kAes},
                                         Keys{"rsa1024", rsa("token-rsa1024-sha1-extradition"), kDes},
                                         Keys{"rsa2048", rsa("token-rsa2048-sha256-extradition"), kAes},
                                         Keys{"aes", kAes, kAes}, Keys{"des", kDes, kDes}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace cw::engine
