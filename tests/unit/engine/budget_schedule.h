// A random schedule of runs on one card: right keys and wrong ones, several key versions, the ISD and a domain without
// keys, answers that are lost, power that goes, runs that die between charge and settlement, runs that begin a
// handshake in the middle of another's. The card counts by itself, and knows nothing of the ledger.
#pragma once

#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "budget_desk.h"
#include "se/flavor.h"

namespace cw::engine {

class BudgetSchedule {
 public:
  struct Killed {};  // no Error: nothing of the run is carried out any more

  /// A ledger for a run of this name, over what the schedule shares. A run of the same name begins again after its
  /// process died.
  using Ledgers = std::function<std::shared_ptr<BudgetLedger>(const std::string& run)>;

  BudgetSchedule(uint64_t seed, Ledgers ledgers) : random_(seed), ledgers_(std::move(ledgers)) {
    flavor_ = se::flavor("generic");
    using On = se::AuthCounter::On;
    using Scope = se::AuthCounter::Scope;
    flavor_.auth_counter.on = pick(3) == 0 ? On::initialize_update : On::failed_authentication;
    flavor_.auth_counter.scope = std::array{Scope::key_version, Scope::domain, Scope::card}[pick(3)];
    flavor_.auth_counter.limit = std::array{10u, 10u, 5u, 3u}[pick(4)];
    flavor_.auth_counter.set_back = pick(5) != 0;
    // What one card is to another: its identity.
    card_ = std::make_shared<se::Card>(flavor_);
    card_->set_serial_number(static_cast<uint32_t>(seed));
    card_->seed(seed);
    counter_ = counter_of(flavor_.auth_counter);
    limits_ = authentication_limits({}, counter_);
    make_domain();
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) {
      run(/*nested=*/false);
      const unsigned counted = most_counted();
      ASSERT_LT(counted, flavor_.auth_counter.limit) << "step " << i;
      ASSERT_LE(counted, limits_.refused + limits_.lost) << "step " << i;
    }
    EXPECT_FALSE(blocked_) << "the card has refused a channel with 6983";
  }

  int opened() const { return opened_; }
  int refused() const { return refused_; }
  int over() const { return over_; }  // charges that were refused

 private:
  static constexpr const char* kDomain = "F063617264770001";

  unsigned pick(unsigned below) { return std::uniform_int_distribution<unsigned>(0, below - 1)(random_); }

  void make_domain() {
    SpoiltReader reader(card_);
    Desk desk(reader, std::make_shared<LocalLedger>(), counter_);
    desk.reset();
    const host::ChannelId isd = desk.open("right");
    desk.send(isd, command("80E60C0024"
                           "07A0000001515350"
                           "08A000000151535041"
                           "08F063617264770001"
                           "0180"
                           "06C90481020370"
                           "00"));
    first_ = most_counted();
  }

  /// The highest of the card's own counts.
  unsigned most_counted() const {
    unsigned out = 0;
    const nlohmann::json memory = nlohmann::json::parse(card_->save());
    for (const auto& application : memory.at("applications")) {
      if (!application.contains("sd")) continue;
      for (const auto& [slot, count] : application["sd"].at("attempts").items()) {
        out = std::max(out, count.get<unsigned>());
      }
    }
    return out - std::min(out, first_);
  }

  std::string keys() {
    static const std::array<std::string, 3> right = {"right", "right.any", "right.des"};
    static const std::array<std::string, 3> wrong = {"wrong", "wrong.any", "wrong.des"};
    if (pick(100) < 55) return right[pick(3)];
    if (pick(8) == 0) return "half.des";
    return wrong[pick(3)] + std::to_string(pick(10));
  }

  /// One run: a handshake or two, or none where it is torn before. `nested`: within a command of another, on a logical
  /// channel of its own.
  void run(bool nested) {
    SpoiltReader reader(card_);
    reader.spoil = [&](ByteView sent, const SpoiltReader::Pass& pass) {
      const bool handshake = sent[1] == 0x50 || sent[1] == 0x82;
      if (handshake && !nested && pick(6) == 0) run(/*nested=*/true);
      const unsigned what = handshake ? pick(20) : 19;
      if (what == 0) throw Killed();
      if (what == 1) throw Error(ErrorKind::reader, "the card did not get it");
      Bytes answer = pass(sent);
      if (sent[1] == 0x50 && to_hex(answer) == "6983") blocked_ = true;
      if (what == 2) throw Killed();
      if (what == 3) throw Error(ErrorKind::reader, "the answer was lost");
      return answer;
    };
    const std::string name = nested ? "nested" : "run " + std::to_string(pick(3));
    try {
      Desk desk(reader, ledgers_(name), counter_);
      if (nested) {
        desk.card_is(identity_);
      } else {
        desk.reset();
        identity_ = desk.card();
      }
      const uint8_t channel = nested ? 1 : 0;
      if (nested) reader_passes(reader, "0070000001");
      if (pick(4) == 0) desk.select(kDomain, channel);
      if (pick(8) == 0)
        card_->tear_next(std::array{se::Tear::before, se::Tear::inside, se::Tear::after}[pick(3)], pick(2));
      for (unsigned left = 1 + pick(2); left > 0; --left) shake(desk, channel);
    } catch (const Error&) {  // the reader
    } catch (const Killed&) {
      if (nested) throw;  // with the process that it is in
    }
  }

  void shake(Desk& desk, uint8_t channel) {
    const std::string said = desk.refusal(keys(), channel);
    if (said.empty()) ++opened_;
    if (said.starts_with("channel")) ++refused_;
    if (said.starts_with("budget")) ++over_;
  }

  static void reader_passes(SpoiltReader& reader, const std::string& hex) { reader.transmit(from_hex(hex)); }

  std::mt19937_64 random_;
  Ledgers ledgers_;
  se::Flavor flavor_{};
  std::shared_ptr<se::Card> card_{};
  CardCounter counter_{};
  ChargeLimits limits_{};
  std::string identity_{};
  unsigned first_ = 0;  // that the card counted while it was made ready
  bool blocked_ = false;
  int opened_ = 0, refused_ = 0, over_ = 0;
};

}  // namespace cw::engine
