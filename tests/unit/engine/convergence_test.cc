// The shipped flows, torn everywhere: power is lost before, inside and after each command that they send. The run goes
// on by itself, and the card it leaves is the one that an untorn run leaves.
#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/scheduler.h"
#include "host_side.h"
#include "lasting_memory.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

constexpr uint8_t kDes = 0x80;
constexpr uint8_t kInitializeUpdate = 0x50, kExternalAuthenticate = 0x82, kLoad = 0xE8;

/// Notes what is sent, and whether a handshake was given up since the card's cryptogram was wrong.
class WatchedReader : public card::Reader {
 public:
  explicit WatchedReader(std::shared_ptr<se::Card> card) : inner_(std::move(card)) {}
  std::string name() const override { return inner_.name(); }
  Bytes reset() override {
    handshake_ = false;
    return inner_.reset();
  }
  Bytes transmit(ByteView command) override {
    const uint8_t ins = command[1];
    instructions.push_back(ins);
    if (handshake_ && ins != kExternalAuthenticate) ++wrong_cryptograms;
    handshake_ = false;
    Bytes answer = inner_.transmit(command);
    const bool ok = answer.size() >= 2 && read_be(ByteView(answer).last(2)) == 0x9000;
    if (ins == kInitializeUpdate && ok) handshake_ = true;
    if (ins == kExternalAuthenticate && !ok) ++wrong_cryptograms;
    return answer;
  }

  std::vector<uint8_t> instructions;
  int wrong_cryptograms = 0;

 private:
  se::SimReader inner_;
  bool handshake_ = false;  // INITIALIZE UPDATE succeeded, and nothing came after it yet
};

struct Call {
  std::string flow;
  std::vector<std::string> settings;
};

const std::string kCap = std::string("cap=") + CW_SOURCE_DIR + "/tests/caps/wallet-1.0.cap";
const Call kInstall{"demo/install", {kCap}};
const Call kLock{"demo/lock", {"aid=F063617264770101"}};
const Call kUnlock{"demo/unlock", {"aid=F063617264770101"}};
const Call kRotate{"demo/rotate-keys", {"old=demo.sd", "new=demo.sd2"}};
const Call kRemove{"demo/remove", {kCap}};

/// `isd_version` 00 lets the card choose among its keys.
std::shared_ptr<const crypto::KeyStore> keys_for(const se::Flavor& flavor, uint8_t isd_version) {
  const se::FactoryKeys& factory = flavor.keys.front();
  const std::string type = factory.type == kDes ? "des" : "aes";
  std::string text;
  const auto add = [&](const std::string& name, uint8_t version, const std::string& key) {
    text += "[" + name + "]\ntype = " + type + "\nversion = " + to_hex(version) + "\nenc = " + key + "\nmac = " + key +
            "\ndek = " + key + "\n";
  };
  add("isd", isd_version, to_hex(factory.enc));
  add("demo.sd", 0x30, "101112131415161718191A1B1C1D1E1F");
  add("demo.sd2", 0x31, "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF");
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "test keys"));
}

/// One run, with the same secrets each time.
RunResult run(const Call& call, const se::Flavor& flavor, uint8_t isd_version, card::Reader& reader) {
  static const auto bundle = Bundle::load(CW_SOURCE_DIR);
  static const auto policy = Policy::load(std::string(CW_SOURCE_DIR) + "/policies/default.lua", *bundle);
  std::vector<Setting> settings;
  for (const std::string& text : call.settings) settings.push_back(Setting::parse(text));
  if (call.flow == kInstall.flow) {
    settings.push_back({"holder", Secret::copy(view("Ada Lovelace"))});
    settings.push_back({"pin", Secret::copy(view("123456"))});
  }
  RunSetup setup;
  setup.bundle = bundle;
  setup.flow_name = call.flow;
  setup.policy = policy;
  setup.arguments = Arguments::check(check_flow(*bundle, call.flow), std::move(settings));
  setup.keys = keys_for(flavor, isd_version);
  setup.reader = &reader;
  setup.flavor = host_side(flavor);
  Scheduler scheduler;
  scheduler.add(std::make_unique<Run>(std::move(setup)));
  scheduler.run_all();
  return scheduler.at(0).result();
}

struct Story {
  std::string name;
  std::string flavor;
  uint8_t isd_version;
  std::vector<Call> before;
  Call torn;
};

void PrintTo(const Story& story, std::ostream* out) { *out << story.name << " on " << story.flavor; }

class Convergence : public testing::TestWithParam<Story> {
 protected:
  /// The card as it is before the flow under test.
  std::string prepared() {
    auto card = std::make_shared<se::Card>(flavor_);
    WatchedReader reader(card);
    for (const Call& call : GetParam().before) {
      const RunResult result = run(call, flavor_, GetParam().isd_version, reader);
      EXPECT_FALSE(result.error) << call.flow << ": " << result.error->message();
    }
    return card->save();
  }

  struct Outcome {
    RunResult result;
    std::string memory;
    std::vector<uint8_t> instructions;
    int wrong_cryptograms;
  };
  /// `arrange` sets up the tears on the card before the run.
  Outcome outcome(const std::string& start, const std::function<void(se::Card&)>& arrange) {
    auto card = std::make_shared<se::Card>(se::Card::load(start));
    WatchedReader reader(card);
    arrange(*card);
    Outcome out{run(GetParam().torn, flavor_, GetParam().isd_version, reader), "", {}, 0};
    out.memory = lasting_memory(*card);
    out.instructions = reader.instructions;
    out.wrong_cryptograms = reader.wrong_cryptograms;
    return out;
  }

  /// Which commands are torn: all, but of LOADs only the first, the last and some between, which are all alike.
  static std::vector<unsigned> torn_commands(const std::vector<uint8_t>& instructions) {
    std::vector<unsigned> out;
    for (unsigned k = 0; k < instructions.size(); ++k) {
      const bool within_load = instructions[k] == kLoad && k + 1 < instructions.size() &&
                               instructions[k + 1] == kLoad && instructions[k - 1] == kLoad;
      if (!within_load || k % 7 == 0) out.push_back(k);
    }
    return out;
  }

  const se::Flavor& flavor_ = se::flavor(GetParam().flavor);
};

const char* name_of(se::Tear when) {
  return when == se::Tear::before ? "before" : when == se::Tear::inside ? "inside" : "after";
}

TEST_P(Convergence, wherever_it_is_torn_the_card_ends_up_the_same) {
  const std::string start = prepared();
  const Outcome whole = outcome(start, [](se::Card&) {});
  ASSERT_FALSE(whole.result.error) << whole.result.error->message();
  ASSERT_NE(whole.memory, lasting_memory(se::Card::load(start))) << "the flow changes the card";

  for (unsigned k : torn_commands(whole.instructions)) {
    for (const se::Tear when : {se::Tear::before, se::Tear::inside, se::Tear::after}) {
      SCOPED_TRACE(std::string(name_of(when)) + " command " + std::to_string(k + 1) + " (INS " +
                   to_hex(whole.instructions[k]) + ")");
      const Outcome torn = outcome(start, [&](se::Card& card) { card.tear_next(when, k); });
      EXPECT_FALSE(torn.result.error) << torn.result.error->message();
      EXPECT_EQ(torn.result.attempts, 2u);
      EXPECT_EQ(torn.wrong_cryptograms, 0) << "no key was tried that the card does not have";
      EXPECT_EQ(torn.memory, whole.memory);
    }
  }
}

TEST_P(Convergence, torn_in_each_of_four_attempts_the_fifth_finishes) {
  const std::string start = prepared();
  const Outcome whole = outcome(start, [](se::Card&) {});
  ASSERT_FALSE(whole.result.error) << whole.result.error->message();

  /// Tears again in each attempt, a bit later than in the one before.
  class TearingReader : public card::Reader {
   public:
    TearingReader(std::shared_ptr<se::Card> card, unsigned step) : card_(card), inner_(card), step_(step) {}
    std::string name() const override { return inner_.name(); }
    Bytes reset() override {
      ++attempts_;
      if (attempts_ < 5) card_->tear_next(attempts_ % 2 ? se::Tear::after : se::Tear::inside, attempts_ * step_);
      return inner_.reset();
    }
    Bytes transmit(ByteView command) override { return inner_.transmit(command); }

   private:
    std::shared_ptr<se::Card> card_;
    se::SimReader inner_;
    unsigned step_;
    unsigned attempts_ = 0;
  };
  for (unsigned step = 1; step <= 11; ++step) {
    SCOPED_TRACE(step);
    auto card = std::make_shared<se::Card>(se::Card::load(start));
    TearingReader reader(card, step);
    const RunResult result = run(GetParam().torn, flavor_, GetParam().isd_version, reader);
    EXPECT_FALSE(result.error) << result.error->message();
    if (step == 1) {
      EXPECT_EQ(result.attempts, 5u) << "every flow sends five commands and more";
    }
    EXPECT_EQ(lasting_memory(*card), whole.memory);
  }
}

/// `generic` speaks SCP03, `smartcafe` SCP02 without INSTALL [for personalization], `jcop4` has factory keys FF.
std::vector<Story> stories() {
  std::vector<Story> out;
  for (const char* name : {"generic", "smartcafe", "jcop4"}) {
    const uint8_t version = se::flavor(name).keys.front().version;
    out.push_back({"install", name, version, {}, kInstall});
    out.push_back({"lock", name, version, {kInstall}, kLock});
    out.push_back({"unlock", name, version, {kInstall, kLock}, kUnlock});
    out.push_back({"rotate_keys", name, version, {kInstall}, kRotate});
    out.push_back({"remove", name, version, {kInstall}, kRemove});
  }
  // Where the card chooses the keys, a wrong guess about whose they are would cost an attempt.
  out.push_back({"install_with_keys_00", "generic", 0x00, {}, kInstall});
  out.push_back({"install_with_keys_00", "jcop4", 0x00, {}, kInstall});
  return out;
}

INSTANTIATE_TEST_SUITE_P(Flows, Convergence, testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param.flavor + "_" + story.param.name; });

}  // namespace
}  // namespace cw::engine
